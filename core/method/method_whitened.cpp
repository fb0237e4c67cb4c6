// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"

namespace rankscope::method {

backend::Factors whitened(const MethodInput& input, const backend::LinearAlgebra& algebra) {
    return algebra.metricFactors(input.weight, input.inputs->second, {}, input.rank);
}

}  // namespace rankscope::method
