// SPDX-License-Identifier: Apache-2.0
#include "core/compress/method.h"

namespace rankscope::compress {

backend::Factors whitened(const MethodInput& input, const backend::Device& device,
                          const backend::Backend& backend) {
    return backend.metricFactors(input.weight, input.inputs->second, {}, input.rank, device);
}

}  // namespace rankscope::compress
