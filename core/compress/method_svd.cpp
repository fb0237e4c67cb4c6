// SPDX-License-Identifier: Apache-2.0
#include "core/compress/method.h"

namespace rankscope::compress {

backend::Factors truncatedSvd(const MatrixView& weight, std::int64_t rank,
                              const backend::Device& device, const backend::Backend& backend) {
    return backend.truncatedSvd(weight, rank, device);
}

}  // namespace rankscope::compress
