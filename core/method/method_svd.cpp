// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"

namespace rankscope::method {

backend::Factors truncatedSvd(const MethodInput& input, const backend::LinearAlgebra& algebra) {
    return algebra.truncatedSvd(input.weight, input.rank);
}

}  // namespace rankscope::method
