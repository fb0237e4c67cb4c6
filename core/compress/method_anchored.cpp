// SPDX-License-Identifier: Apache-2.0
#include "core/compress/method.h"
#include "core/compress/ridge.h"

namespace rankscope::compress {

backend::Factors anchored(const AnchoredInput& input, const backend::Device& device,
                          const backend::Backend& backend) {
    const Matrix shifted = withRidge(input.shifted, input.ridge);
    const Matrix target =
        backend.divide(backend.multiply(input.weight, input.cross, device), shifted, device);
    return backend.metricFactors(target, shifted, {}, input.rank, device);
}

}  // namespace rankscope::compress
