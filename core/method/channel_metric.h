// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>

#include "core/base/tensor_view.h"

namespace rankscope::method {

/// diag(squares) [n, n]: the metric of a method that weights input channel j by √squares[j]. A
/// channel of weight 0 gets a trace of the largest weight, so that W' keeps as much of it as
/// possible.
inline Matrix channelMetric(std::span<const double> squares) {
    constexpr double trace = 1e-12;
    const auto n = static_cast<std::int64_t>(squares.size());
    const double largest = squares.empty() ? 0 : *std::ranges::max_element(squares);
    const double least = largest > 0 ? trace * largest : 1;
    Matrix metric{std::vector<double>(squares.size() * squares.size()), n, n};
    for (std::size_t j = 0; j < squares.size(); ++j)
        metric.values[j * squares.size() + j] = std::max(squares[j], least);
    return metric;
}

}  // namespace rankscope::method
