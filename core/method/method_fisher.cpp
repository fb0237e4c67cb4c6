// SPDX-License-Identifier: Apache-2.0
#include "core/method/channel_metric.h"
#include "core/method/method.h"
#include "core/method/ridge.h"

namespace rankscope::method {

backend::Factors fisher(const MethodInput& input, const backend::Device& device,
                        const backend::Backend& backend) {
    return backend.metricFactors(input.weight, channelMetric(input.gradients->columns), {},
                                 input.rank, device);
}

backend::Factors twoSided(const MethodInput& input, const backend::Device& device,
                          const backend::Backend& backend) {
    const Matrix outputs = withRidge(input.gradients->second, input.settings.ridge);
    return backend.metricFactors(input.weight, input.inputs->second, outputs, input.rank, device);
}

}  // namespace rankscope::method
