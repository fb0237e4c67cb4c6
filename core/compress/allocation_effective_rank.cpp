// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/compress/allocation.h"
#include "core/compress/rank_target.h"
#include "core/spectra/metrics.h"

namespace rankscope::compress {

namespace {

/// Every matrix at the whole rank below t sqrt(e / w), within its choices.
std::vector<std::size_t> picksAt(std::span<const AllocationMatrix> matrices,
                                 std::span<const RankChoices> choices,
                                 std::span<const double> roots, double t, StorageChoice storage) {
    std::vector<std::size_t> picks;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        const checkpoint::WeightMatrix& matrix = matrices[i].matrix;
        const auto limit = static_cast<double>(rankLimit(matrix));
        const auto rank = static_cast<std::int64_t>(std::min(limit, std::floor(t * roots[i])));
        // By parameters, not by rank: beyond break-even the matrix left dense is the choice.
        const std::int64_t parameters =
            rank < 1 ? 0 : resolveStorage(matrix, rank, storage).parameters;
        picks.push_back(largestWithin(choices[i], parameters));
    }
    return picks;
}

}  // namespace

/// D-Rank: Σ e_l / k_l is least under Σ w_l k_l = P where k_l = t sqrt(e_l / w_l), w_l = m + n;
/// with P = Σ w_l k_l, t = P / Σ sqrt(e_j w_j). Where ranks are held at their least or largest
/// the others share what is left by the same rule, so t is found by bisection on what is stored.
Allocation allocateByEffectiveRank(std::span<const AllocationMatrix> matrices,
                                   std::span<const RankChoices> choices, std::int64_t allowed,
                                   const PlanOptions& options) {
    std::vector<double> roots;
    double most = 0;  // t from which every matrix is at its limit
    for (const AllocationMatrix& entry : matrices) {
        const auto sides = static_cast<double>(entry.matrix.rows + entry.matrix.columns);
        roots.push_back(std::sqrt(spectra::effectiveRank(entry.importance) / sides));
        if (roots.back() > 0)
            most = std::max(most, static_cast<double>(rankLimit(entry.matrix) + 1) / roots.back());
    }
    const auto picksOf = [&](double t) {
        return picksAt(matrices, choices, roots, t, options.storage);
    };
    const auto fitsAt = [&](double t) { return totalParameters(choices, picksOf(t)) <= allowed; };
    double fits = fitsAt(most) ? most : 0;
    double tooMuch = most;
    for (int step = 0; step < 100 && fits < tooMuch; ++step) {
        const double middle = (fits + tooMuch) / 2;
        (fitsAt(middle) ? fits : tooMuch) = middle;
    }
    return withRestSpent(choices, picksOf(fits), allowed);
}

}  // namespace rankscope::compress
