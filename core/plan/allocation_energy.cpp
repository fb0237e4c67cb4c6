// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/plan/allocation.h"

namespace rankscope::plan {

namespace {

/// ‖W‖², the squared error of rank 0.
double squaredNorm(const AllocationMatrix& entry) {
    double sum = 0;
    for (std::size_t i = entry.importance.size(); i-- > 0;)
        sum += entry.importance[i] * entry.importance[i];
    return sum;
}

/// A group going from one choice to the next.
struct Step {
    std::size_t group;
    double lost;  ///< 1 - E before it
    std::int64_t parameters;
};

/// 1 - E of a group's choice: the mean over its members.
double lostBy(const AllocationTask& task, std::span<const std::size_t> group,
              std::span<const double> norms, std::size_t pick) {
    double sum = 0;
    for (const std::size_t place : group)
        if (norms[place] > 0) sum += task.choices[place][pick].squaredError / norms[place];
    return sum / static_cast<double>(group.size());
}

}  // namespace

/// The largest threshold E within the budget: every group takes its smallest choice that keeps at
/// least the energy E. Seen from below, the group with the least kept energy always takes the next
/// step, until one does not fit; the rest is spent on one step per group.
Allocation allocateByEnergy(const AllocationTask& task) {
    std::vector<double> norms;
    for (const AllocationMatrix& entry : task.matrices) norms.push_back(squaredNorm(entry));
    std::vector<Step> steps;
    for (std::size_t g = 0; g < task.groups.size(); ++g) {
        const std::vector<std::size_t>& group = task.groups[g];
        for (std::size_t i = 0; i + 1 < task.choices[group.front()].size(); ++i) {
            const double lost = lostBy(task, group, norms, i);
            if (!(lost > 0)) break;
            steps.push_back({g, lost, stepParameters(task.choices, group, i)});
        }
    }
    std::ranges::stable_sort(steps, std::ranges::greater(), &Step::lost);
    std::vector<std::size_t> picks(task.matrices.size(), 0);
    std::int64_t rest = task.allowed - leastParameters(task.choices);
    for (const Step& step : steps) {
        if (step.parameters > rest) break;
        rest -= step.parameters;
        for (const std::size_t place : task.groups[step.group]) ++picks[place];
    }
    return withRestSpent(task, picks);
}

}  // namespace rankscope::plan
