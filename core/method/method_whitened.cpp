// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"

namespace rankscope::method {

backend::Factors whitened(const MethodInput& input, const backend::Device& device,
                          const backend::Backend& backend) {
    return backend.metricFactors(input.weight, input.inputs->second, {}, input.rank, device);
}

}  // namespace rankscope::method
