// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"

namespace rankscope::method {

backend::Factors truncatedSvd(const MethodInput& input, const backend::Device& device,
                              const backend::Backend& backend) {
    return backend.truncatedSvd(input.weight, input.rank, device);
}

}  // namespace rankscope::method
