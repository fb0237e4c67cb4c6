// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rankscope::plan {

/// An item of a class, measured from the one the relaxation takes.
struct DeviationItem {
    std::size_t item = 0;   ///< its index in the class
    std::int64_t cost = 0;  ///< above (or below) the relaxation's
    double excess = 0;      ///< >= 0: loss + multiplier · cost above the least of the class
};

/// Choose one item a class so that Σ cost <= rest and Σ excess + multiplier · (rest - Σ cost) is
/// least.
struct DeviationProblem {
    std::int64_t rest = 0;
    double multiplier = 0;                            ///< loss a unit of unspent cost is worth
    std::vector<std::vector<DeviationItem>> classes;  ///< by rising cost, falling loss
    std::size_t stateLimit = 0;                       ///< partial selections kept a class
};

struct DeviationSolution {
    std::vector<std::size_t> picks;  ///< items by class; empty where none was found
    double excess = std::numeric_limits<double>::infinity();
    bool complete = true;  ///< every selection within the margin was looked at
};

/// The best selection whose value is at most `margin`, by dynamic programming over the classes:
/// of partial selections only those survive that no cheaper one beats, that stay within the margin
/// and that can still end within it.
DeviationSolution searchDeviations(const DeviationProblem& problem, double margin);

}  // namespace rankscope::plan
