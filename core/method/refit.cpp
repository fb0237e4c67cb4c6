// SPDX-License-Identifier: Apache-2.0
#include "core/base/matrix.h"
#include "core/method/method.h"
#include "core/method/ridge.h"

namespace rankscope::method {

/// With W' = A B and Z = B X' the least of ‖W X - A Z‖² + ρ ‖A - A₀‖² is
/// A = (W X Zᵀ + ρ A₀) (Z Zᵀ + ρ)⁻¹.
backend::Factors refitted(const MethodInput& input, const backend::Factors& factors,
                          const backend::WalkedGroup& group,
                          const backend::LinearAlgebra& algebra) {
    const Matrix transposedRight = transposed(factors.right);
    const Matrix gram =
        algebra.multiply(algebra.multiply(factors.right, group.shifted), transposedRight);
    const Matrix metric = withRidge(gram, input.settings.ridge);
    const double ridge = metric.values.front() - gram.values.front();
    Matrix wanted = algebra.multiply(algebra.multiply(input.weight, group.cross), transposedRight);
    for (std::size_t i = 0; i < wanted.values.size(); ++i)
        wanted.values[i] += ridge * factors.left.values[i];
    return {.left = algebra.divide(wanted, metric), .right = factors.right};
}

}  // namespace rankscope::method
