// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/backend/linear_algebra.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/t5/layer_sizes.h"

/// The method `slim`: fewer dimensions of each head and fewer feed-forward units instead of low
/// rank. docs/methods/slim.md derives each formula.
namespace rankscope::method {

/// The scores of one head, xᵀ Qᵀ K z for an input x of q and z of k, in order of importance: with
/// the first r rows of both, the summed squared error over all pairs of inputs is
/// Σ_{i>r} values[i]².
struct HeadScores {
    std::vector<double> values;  ///< [h], descending
    Matrix queries, keys;        ///< [h, d_model]; rows beyond the numerical rank are 0
};

/// `q` and `k` [h, d_model] of one head; `inputsOfQ` and `inputsOfK` [d_model, d_model] are second
/// moments. No inverse is taken: both may be singular. At full size qᵀ k is unchanged.
HeadScores headScores(const MatrixView& q, const MatrixView& k, const MatrixView& inputsOfQ,
                      const MatrixView& inputsOfK, const backend::LinearAlgebra& algebra);

/// The output of one head, O V x weighted by attention, in order of importance: with the first r
/// rows of `values` and columns of `outputs` the squared error is Σ_{i>r} squares[i].
struct HeadValues {
    std::vector<double> squares;  ///< [h], descending
    Matrix values;                ///< [h, d_model]
    Matrix outputs;               ///< [d_model, h], orthonormal columns
};

/// `v` [h, d_model] and `o` [d_model, h] of one head; `inputs` [h, h]: the block of o's second
/// moments that belongs to it.
HeadValues headValues(const MatrixView& v, const MatrixView& o, const MatrixView& inputs,
                      const backend::LinearAlgebra& algebra);

/// Feed-forward units by backward elimination: each time the one whose loss costs least is dropped,
/// with the columns of wo for the others refitted (optimal brain surgeon, Hassibi and Stork 1993,
/// for whole units).
struct UnitOrder {
    std::vector<std::int64_t> units;  ///< the most needed first
    std::vector<double> errors;  ///< [units + 1]: squared error with the first 0, 1, 2 … of them
};

/// `wo` [d_model, units]; `inputs` [units, units], positive definite: wo's second moments with a
/// ridge.
UnitOrder unitOrder(const MatrixView& wo, const MatrixView& inputs,
                    const backend::LinearAlgebra& algebra);

/// One attention or feed-forward whose matrices are chosen; null: not chosen. Scores can be cut if
/// q and k are chosen, values if v and o are, units if all of a feed-forward are.
struct SlimSublayer {
    std::string name;         ///< t5::sublayerName()
    t5::SublayerSizes sizes;  ///< before
    const checkpoint::WeightMatrix *q = nullptr, *k = nullptr, *v = nullptr, *o = nullptr;
    std::vector<const checkpoint::WeightMatrix*> wi = {};  ///< wi, or wi_0 and wi_1
    const checkpoint::WeightMatrix* wo = nullptr;

    bool hasScores() const { return q != nullptr; }
    bool hasValues() const { return v != nullptr; }
    bool hasUnits() const { return wo != nullptr; }
};

/// The sublayers of the chosen matrices, in model order. Throws Error of kind Usage for a matrix
/// that slim cannot cut: half of a pair, the embedding or the head, one that is stored as factors.
std::vector<SlimSublayer> slimSublayers(const checkpoint::Checkpoint& checkpoint,
                                        std::span<const checkpoint::WeightMatrix> chosen);

/// Squared errors of one sublayer by size, relative to the sublayer's whole scores, values or
/// outputs of units: [0] with none … [full] with all, which is 0.
struct SlimErrors {
    std::vector<std::vector<double>> scores, values;  ///< [heads][size + 1]
    std::vector<double> units;                        ///< [units + 1]
    std::vector<std::int64_t> unitOrder;              ///< the most needed first
    double scoresSquared = 0;  ///< Σ over heads and pairs of inputs of the squared score
};

/// By the sublayer's name.
using SlimErrorTable = std::map<std::string, SlimErrors>;

/// The errors of everything that the chosen matrices let slim cut, on the calibration's inputs,
/// each token counted alike.
SlimErrorTable slimErrors(const CalibratedModel& model, const Progress& progress);

/// The order of a feed-forward's units alone.
UnitOrder unitOrderOf(const SlimSublayer& sublayer, const checkpoint::Checkpoint& checkpoint,
                      const Calibration& calibration, const backend::LinearAlgebra& algebra);

/// The rows of one head in a matrix whose heads have `sizes`, and the columns.
Matrix headRows(const Matrix& all, std::span<const std::int64_t> sizes, std::size_t head);
Matrix headColumns(const Matrix& all, std::span<const std::int64_t> sizes, std::size_t head);

}  // namespace rankscope::method
