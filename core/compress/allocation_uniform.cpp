// SPDX-License-Identifier: Apache-2.0
#include "core/compress/allocation.h"
#include "core/compress/rank_target.h"

namespace rankscope::compress {

namespace {

/// Every matrix at the largest choice within the share `share` of its elements, or the cheapest.
std::vector<std::size_t> picksAt(std::span<const AllocationMatrix> matrices,
                                 std::span<const RankChoices> choices, double share) {
    std::vector<std::size_t> picks;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        const checkpoint::WeightMatrix& matrix = matrices[i].matrix;
        picks.push_back(largestWithin(choices[i], shareOf(share, matrix.rows * matrix.columns)));
    }
    return picks;
}

}  // namespace

/// The largest common share within the budget, by bisection; what it leaves over is spent on one
/// step for each matrix, so that none is more than a step away from the common share.
Allocation allocateUniform(std::span<const AllocationMatrix> matrices,
                           std::span<const RankChoices> choices, std::int64_t allowed,
                           const PlanOptions&) {
    const auto fitsAt = [&](double share) {
        return totalParameters(choices, picksAt(matrices, choices, share)) <= allowed;
    };
    double fits = fitsAt(1) ? 1 : 0;
    double tooMuch = 1;
    for (int step = 0; step < 60 && fits < 1; ++step) {
        const double middle = (fits + tooMuch) / 2;
        (fitsAt(middle) ? fits : tooMuch) = middle;
    }
    return withRestSpent(choices, picksAt(matrices, choices, fits), allowed);
}

}  // namespace rankscope::compress
