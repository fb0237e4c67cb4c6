// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/plan/knapsack_bound.h"

namespace rankscope::plan {

/// Choose one item per class so that Σ cost <= rest and Σ excess + multiplier · (rest - Σ cost) is
/// least.
struct DeviationProblem {
    std::int64_t rest = 0;
    double multiplier = 0;                            ///< loss that a unit of unspent cost is worth
    std::vector<std::vector<DeviationItem>> classes;  ///< by rising cost, falling loss
    std::size_t stateLimit = 0;                       ///< partial selections kept per class
};

struct DeviationSolution {
    std::vector<std::size_t> picks;  ///< items by class; empty if none was found
    double excess = std::numeric_limits<double>::infinity();
    bool complete = true;  ///< every selection within the margin was examined
};

/// The best selection whose value is at most `margin`, by dynamic programming over the classes:
/// only those partial selections survive that no cheaper one beats, that stay within the margin and
/// that can still end within it.
DeviationSolution searchDeviations(const DeviationProblem& problem, double margin);

}  // namespace rankscope::plan
