// SPDX-License-Identifier: Apache-2.0
#include "core/method/channel_metric.h"
#include "core/method/method.h"
#include "core/method/ridge.h"

namespace rankscope::method {

backend::Factors fisher(const MethodInput& input, const backend::LinearAlgebra& algebra) {
    return algebra.metricFactors(input.weight, channelMetric(input.gradients->columns), {},
                                 input.rank);
}

backend::Factors twoSided(const MethodInput& input, const backend::LinearAlgebra& algebra) {
    const Matrix outputs = withRidge(input.gradients->second, input.settings.ridge);
    return algebra.metricFactors(input.weight, input.inputs->second, outputs, input.rank);
}

}  // namespace rankscope::method
