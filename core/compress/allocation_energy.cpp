// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/compress/allocation.h"

namespace rankscope::compress {

namespace {

/// ‖W‖², the squared error of rank 0.
double squaredNorm(const AllocationMatrix& entry) {
    double sum = 0;
    for (std::size_t i = entry.importance.size(); i-- > 0;)
        sum += entry.importance[i] * entry.importance[i];
    return sum;
}

/// A matrix going from one choice to the next.
struct Step {
    std::size_t matrix;
    double lost;  ///< 1 - E before it
    std::int64_t parameters;
};

}  // namespace

/// The largest threshold E within the budget: every matrix takes its smallest choice that keeps at
/// least the energy E. Seen from below, the matrix that has kept least always takes the next step,
/// until one does not fit; what is left is spent on one step a matrix.
Allocation allocateByEnergy(std::span<const AllocationMatrix> matrices,
                            std::span<const RankChoices> choices, std::int64_t allowed,
                            const PlanOptions&) {
    std::vector<Step> steps;
    for (std::size_t m = 0; m < matrices.size(); ++m) {
        const double norm = squaredNorm(matrices[m]);
        for (std::size_t i = 0; i + 1 < choices[m].size(); ++i) {
            if (!(choices[m][i].squaredError > 0)) break;
            steps.push_back({m, choices[m][i].squaredError / norm,
                             choices[m][i + 1].parameters - choices[m][i].parameters});
        }
    }
    std::ranges::stable_sort(steps, std::ranges::greater(), &Step::lost);
    std::vector<std::size_t> picks(matrices.size(), 0);
    std::int64_t rest = allowed - leastParameters(choices);
    for (const Step& step : steps) {
        if (step.parameters > rest) break;
        rest -= step.parameters;
        ++picks[step.matrix];
    }
    return withRestSpent(choices, picks, allowed);
}

}  // namespace rankscope::compress
