// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace rankscope {

/// The ends of an interval that holds 95 % of the values.
inline constexpr double lowQuantile = 0.025, highQuantile = 0.975;

/// The quantile at `share`, 0 to 1, of ascending values, at least one: linear between the two
/// nearest, as numpy.quantile's default.
inline double quantile(const std::vector<double>& ascending, double share) {
    const double place = share * static_cast<double>(ascending.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(place), ascending.size() - 1);
    const std::size_t next = std::min(below + 1, ascending.size() - 1);
    return std::lerp(ascending[below], ascending[next], place - static_cast<double>(below));
}

}  // namespace rankscope
