// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/activation_error.h"
#include "core/method/calibration.h"
#include "core/method/method.h"

namespace rankscope::method {

/// How one method does on the real inputs of one matrix, rank by rank.
struct RaceCurve {
    std::string name;    ///< of the matrix
    std::string method;  ///< as in --method
    std::vector<std::int64_t> ranks;
    std::vector<double> activationError;  ///< ‖(W - W_r) X‖ / ‖W X‖, X the calibration inputs
    std::vector<double> heldOutError;  ///< the same on held-out inputs; empty where there are none
    /// Of a preview: measured ‖W - W'‖_F / ‖W - W_r‖_F - 1, W_r the truncated SVD; nothing where
    /// that would divide by rounding. Empty for other methods.
    std::vector<std::optional<double>> excessError;
};

struct RaceOptions {
    std::vector<std::string> methods;  ///< names; empty: all that the calibration has moments for
    MethodSettings settings;
    /// The ranks wanted for a matrix of that full rank, ascending, each in 0 … fullRank.
    std::function<std::vector<std::int64_t>(std::int64_t fullRank)> ranks;
};

/// Errors on real activations against rank of every method, matrix after matrix, methods in the
/// order given. A method is factored once at full rank and cut; `randomized` is made anew at some
/// of the ranks (previewRanks()), since cut from full rank it would be the exact SVD. Methods that
/// walk take the inputs of the uncompressed model here, all tokens alike. Methods that need
/// gradients which the calibration lacks are left out with a warning; throws Error of kind Usage
/// where none is left, or a name is unknown.
std::vector<RaceCurve> race(const checkpoint::Checkpoint& checkpoint,
                            std::span<const checkpoint::WeightMatrix> matrices,
                            const Calibration& calibration, const RaceOptions& options,
                            const backend::Compute& compute, const Progress& progress);

/// Those of the ranks at which a preview of a matrix [rows, columns] is made, evenly spread, the
/// first and the last among them: all where that is quick, never fewer than 16 of more.
std::vector<std::int64_t> previewRanks(const std::vector<std::int64_t>& ranks, std::int64_t rows,
                                       std::int64_t columns);

}  // namespace rankscope::method
