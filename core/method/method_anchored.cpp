// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"
#include "core/method/ridge.h"

namespace rankscope::method {

/// W R with R = X X'ᵀ (X' X'ᵀ + ρ)⁻¹ maps the shifted inputs to the original outputs as well as any
/// matrix can; the result is its best factors on the shifted inputs.
backend::Factors anchored(const MethodInput& input, const backend::WalkedGroup& group,
                          const backend::LinearAlgebra& algebra) {
    const Matrix shifted = withRidge(group.shifted, input.settings.ridge);
    const Matrix target = algebra.divide(algebra.multiply(input.weight, group.cross), shifted);
    return algebra.metricFactors(target, shifted, {}, input.rank);
}

}  // namespace rankscope::method
