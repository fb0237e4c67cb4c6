// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankscope::plan {

/// One item of a class, of which exactly one is taken.
struct KnapsackItem {
    std::int64_t cost = 0;
    double loss = 0;  ///< finite
};

struct KnapsackSolution {
    std::vector<std::size_t> picks;  ///< the item taken of each class
    std::int64_t cost = 0;
    double loss = 0;    ///< of the items taken
    double bound = 0;   ///< proven: no selection within the budget loses less (except for rounding)
    bool exact = true;  ///< false: the search was cut short, the optimum lies in [bound, loss]
};

/// One item of each class with the least summed loss whose summed cost is at most `budget` (the
/// multiple-choice knapsack, Pisinger 1995). Every class has an item; the cheapest of all together
/// must fit, otherwise Error.
///
/// With a multiplier λ every selection within the budget loses
///     bound + Σ (loss + λ cost - least of the class) + λ · unspent,
/// all three parts >= 0, where `bound` is the linear relaxation's value for the λ at which the
/// greedy walk along the classes' lower convex hulls runs out of budget. So selections further than
/// a margin from that bound are cut; the margin is doubled until one is found inside it, which is
/// then the best of all. At most `stateLimit` partial selections are kept per class; if that is not
/// enough, the best found is returned with the bound proven so far and exact = false.
KnapsackSolution solveKnapsack(std::span<const std::vector<KnapsackItem>> classes,
                               std::int64_t budget, std::size_t stateLimit = std::size_t{1} << 15U);

}  // namespace rankscope::plan
