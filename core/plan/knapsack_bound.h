// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankscope::plan {

/// An item of a class, measured from the one the relaxation takes.
struct DeviationItem {
    std::size_t item = 0;   ///< its index in the class
    std::int64_t cost = 0;  ///< above (or below) the relaxation's
    double excess = 0;      ///< >= 0: loss + multiplier · cost above the least of the class
};

/// A stretch of cost in which every unit adds the same excess.
struct ExcessStep {
    std::int64_t cost = 0;  ///< > 0
    double rate = 0;        ///< excess per unit
};

/// The least excess with which some classes can change the cost by a given number if their items
/// were divisible: their hull steps, the cheapest first.
class RestBound {
 public:
    RestBound() = default;
    /// Steps by rising rate; anything beyond `margin` is left out.
    RestBound(const std::vector<ExcessStep>& up, const std::vector<ExcessStep>& down,
              double multiplier, double margin);

    /// For an amount still to be spent (unspent cost has the value of the multiplier) or, if
    /// negative, to be saved; infinity if that is not possible within the margin.
    double at(std::int64_t amount) const;

 private:
    struct Side {
        std::vector<std::int64_t> cost;  // after so many steps
        std::vector<double> excess;
        double lastRate = 0;  // beyond the steps
    };
    static Side sideOf(const std::vector<ExcessStep>& steps, double lastRate, double margin);
    static double at(const Side& side, std::int64_t amount);

    Side m_up, m_down;
};

/// For every index in a list of classes the bound of those from there on; one more than classes.
/// Each class lists its items by rising cost, one of them with cost and excess 0.
std::vector<RestBound> boundsOfRest(const std::vector<std::vector<DeviationItem>>& classes,
                                    double multiplier, double margin);

}  // namespace rankscope::plan
