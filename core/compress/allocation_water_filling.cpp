// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/compress/allocation.h"
#include "core/compress/knapsack.h"

namespace rankscope::compress {

namespace {

/// c_l: the weight, over ‖W‖² for relative errors. Without any importance there is no error.
double factorOf(const AllocationMatrix& entry, bool relative) {
    if (!relative) return entry.weight;
    double norm = 0;
    for (std::size_t i = entry.importance.size(); i-- > 0;)
        norm += entry.importance[i] * entry.importance[i];
    return norm > 0 ? entry.weight / norm : 0;
}

}  // namespace

/// The choices with the least Σ c_l · squared error, exactly: a multiple-choice knapsack.
Allocation allocateByWaterFilling(std::span<const AllocationMatrix> matrices,
                                  std::span<const RankChoices> choices, std::int64_t allowed,
                                  const PlanOptions& options) {
    std::vector<std::vector<KnapsackItem>> classes;
    for (std::size_t m = 0; m < matrices.size(); ++m) {
        const double factor = factorOf(matrices[m], options.allocationError != "raw");
        std::vector<KnapsackItem> items;
        for (const RankChoice& choice : choices[m])
            items.push_back({choice.parameters, factor * choice.squaredError});
        classes.push_back(std::move(items));
    }
    const KnapsackSolution solution = solveKnapsack(classes, allowed);
    Allocation allocation;
    for (std::size_t m = 0; m < matrices.size(); ++m)
        allocation.choices.push_back(choices[m][solution.picks[m]]);
    if (!solution.exact)
        allocation.warnings.push_back(fmt::format(
            "Water-filling: the search for the best ranks was cut short. The summed squared error "
            "{:.9g} is at most {:.2g} % above the least possible.",
            solution.loss, 100 * (solution.loss - solution.bound) / solution.loss));
    return allocation;
}

}  // namespace rankscope::compress
