// SPDX-License-Identifier: Apache-2.0
#include "core/plan/allocation.h"

#include "core/plan/stored_parameters.h"

namespace rankscope::plan {

namespace {

/// Every matrix at the largest choice within the share `share` of its elements, or the cheapest.
std::vector<std::size_t> picksAt(const AllocationTask& task, double share) {
    std::vector<std::size_t> picks;
    for (std::size_t i = 0; i < task.matrices.size(); ++i) {
        const checkpoint::WeightMatrix& matrix = task.matrices[i].matrix;
        picks.push_back(
            largestWithin(task.choices[i], shareOf(share, matrix.rows * matrix.columns)));
    }
    return picks;
}

}  // namespace

/// The largest common share within the budget, by bisection; the rest is spent on one step per
/// group, so that none is more than a step away from the common share.
Allocation allocateUniform(const AllocationTask& task) {
    const auto fitsAt = [&](double share) {
        return totalParameters(task.choices, picksAt(task, share)) <= task.allowed;
    };
    double fits = fitsAt(1) ? 1 : 0;
    double tooMuch = 1;
    for (int step = 0; step < 60 && fits < 1; ++step) {
        const double middle = (fits + tooMuch) / 2;
        (fitsAt(middle) ? fits : tooMuch) = middle;
    }
    return withRestSpent(task, picksAt(task, fits));
}

}  // namespace rankscope::plan
