// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/plan/allocation.h"
#include "core/plan/knapsack.h"

namespace rankscope::plan {

namespace {

/// c_l: the weight, divided by ‖W‖² for relative errors. Without any importance there is no error.
double factorOf(const AllocationMatrix& entry, bool relative) {
    if (!relative) return entry.weight;
    double norm = 0;
    for (std::size_t i = entry.importance.size(); i-- > 0;)
        norm += entry.importance[i] * entry.importance[i];
    return norm > 0 ? entry.weight / norm : 0;
}

/// One class per group: the members' total parameters and c_l · squared errors at each choice.
std::vector<std::vector<KnapsackItem>> classesOf(const AllocationTask& task) {
    std::vector<std::vector<KnapsackItem>> classes;
    for (const std::vector<std::size_t>& group : task.groups) {
        std::vector<KnapsackItem> items(task.choices[group.front()].size());
        for (const std::size_t place : group) {
            const double factor =
                factorOf(task.matrices[place], task.options.allocationError != "raw");
            for (std::size_t i = 0; i < items.size(); ++i) {
                items[i].cost += task.choices[place][i].parameters;
                items[i].loss += factor * task.choices[place][i].squaredError;
            }
        }
        classes.push_back(std::move(items));
    }
    return classes;
}

}  // namespace

/// The choices with the least Σ c_l · squared error, exactly: a multiple-choice knapsack.
Allocation allocateByWaterFilling(const AllocationTask& task) {
    const KnapsackSolution solution = solveKnapsack(classesOf(task), task.allowed);
    Allocation allocation;
    allocation.choices.resize(task.matrices.size());
    for (std::size_t g = 0; g < task.groups.size(); ++g)
        for (const std::size_t place : task.groups[g])
            allocation.choices[place] = task.choices[place][solution.picks[g]];
    if (!solution.exact)
        allocation.warnings.push_back(fmt::format(
            "Water-filling: the search for the best ranks was cut short. The summed squared error "
            "{:.9g} is at most {:.2g} % above the least possible.",
            solution.loss, 100 * (solution.loss - solution.bound) / solution.loss));
    return allocation;
}

}  // namespace rankscope::plan
