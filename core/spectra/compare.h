// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/selection.h"
#include "core/spectra/spectrum.h"

namespace rankscope::spectra {

/// The same matrix in two checkpoints.
struct MatrixPair {
    checkpoint::WeightMatrix a, b;
};

/// A chosen matrix that cannot be compared, and why, a sentence.
struct SkippedMatrix {
    std::string name;
    std::string reason;
};

struct MatchedMatrices {
    std::vector<MatrixPair> pairs;       ///< in the order of `a`
    std::vector<SkippedMatrix> skipped;  ///< of one checkpoint only, or of different shapes
};

/// Pairs the chosen matrices of both checkpoints by name, in whatever form each file stores them.
/// Throws as selectMatrices() does, and Error if nothing can be compared.
MatchedMatrices matchMatrices(const checkpoint::Checkpoint& a, const checkpoint::Checkpoint& b,
                              const checkpoint::Selection& selection);

struct CompareOptions {
    /// Leading singular directions whose subspaces are compared, at most the numerical rank.
    std::int64_t directions = 16;
};

/// A against B. Spectra in float64 of A, B and A - B.
struct MatrixComparison {
    std::string name;
    Spectrum a, b, difference;
    double relativeDifference = 0;  ///< ‖A - B‖_F / ‖A‖_F; ‖B‖_F > 0 with A = 0 gives infinity
    std::int64_t rank90 = 0, rank99 = 0;  ///< of A - B: energy 0.9 and 0.99; 0 if A = B
    /// Singular values of A - B above what the rounding of the stored numbers explains
    /// (roundingLevel).
    std::int64_t numericalRank = 0;
    std::int64_t directionsA = 0, directionsB = 0;  ///< dimensions of the subspaces compared
    std::vector<double> leftCosines, rightCosines;  ///< of the principal angles, descending
    /// How many of B's directionsB leading left singular vectors are not near any singular vector
    /// of A.
    std::int64_t intruders = 0;
};

/// A matrix of one of the two checkpoints.
struct ComparedMatrix {
    const MatrixView weight;
    const Spectrum& spectrum;
};

/// Compares one matrix. The cosines are the singular values of U_aᵀU_b and V_aᵀV_b (Björck and
/// Golub 1973), U and V the leading singular vectors. If `directions` would separate singular
/// values that are equal up to 1e-6, the subspace is widened to hold all of them: it would not be
/// defined otherwise. An intruder's cosine to every singular vector of A up to its numerical rank
/// is below 0.5 (PEFT's intruder dimensions); vectors of equal singular values count as one
/// subspace, and the cosine is that of the angle to it. The spectra are those of `a` and `b`, of
/// the same shape; `rounding` is roundingLevel().
MatrixComparison compareMatrix(const ComparedMatrix& a, const ComparedMatrix& b, double rounding,
                               const CompareOptions& options,
                               const backend::LinearAlgebra& algebra);

/// About the largest singular value that rounding the stored numbers gives to A - B, the sum over
/// both: u ‖W‖_F (1/√m + 1/√n) for a dense matrix, the edge of noise of that size; 2u ‖W'‖_F for
/// two factors and 4u ‖W'‖_F for the pivoted form, the bounds of docs/methods/storage.md "Storage
/// forms". u is the unit roundoff of the stored type.
double roundingLevel(const MatrixPair& pair, double normA, double normB);

/// One of the two checkpoints, with a spectrum per pair.
struct ComparedCheckpoint {
    const checkpoint::Checkpoint& checkpoint;
    std::span<const Spectrum> spectra;
};

/// Two checkpoints and their matrices of equal names.
struct ComparedCheckpoints {
    ComparedCheckpoint a, b;
    std::span<const MatrixPair> pairs;
};

/// All pairs, in their order. Throws Error naming a tensor that is not finite, and Error of kind
/// Interrupted on a stop.
std::vector<MatrixComparison> compareCheckpoints(const ComparedCheckpoints& compared,
                                                 const CompareOptions& options,
                                                 const backend::Compute& compute,
                                                 const Progress& progress);

}  // namespace rankscope::spectra
