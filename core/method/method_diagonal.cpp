// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/method/channel_metric.h"
#include "core/method/method.h"

namespace rankscope::method {

backend::Factors diagonal(const MethodInput& input, const backend::LinearAlgebra& algebra) {
    const double tokens = static_cast<double>(std::max<std::int64_t>(1, input.inputs->tokens));
    std::vector<double> squares;
    for (const double sum : input.inputs->absolute)
        squares.push_back(std::pow(sum / tokens, 2 * input.settings.alpha));
    return algebra.metricFactors(input.weight, channelMetric(squares), {}, input.rank);
}

}  // namespace rankscope::method
