// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"
#include "core/method/ridge.h"

namespace rankscope::method {

/// The least of ‖W X + (S - S') - W' X'‖² + ρ ‖W' - W‖² over all matrices is
/// M = (W X X'ᵀ + (S - S') X'ᵀ + ρ W) (X' X'ᵀ + ρ)⁻¹, and over those of a rank M's best factors on
/// X' X'ᵀ + ρ. S - S' is absent if the output does not go to the residual stream.
backend::Factors compensated(const MethodInput& input, const backend::WalkedGroup& group,
                             const backend::LinearAlgebra& algebra) {
    const Matrix shifted = withRidge(group.shifted, input.settings.ridge);
    Matrix pull = group.cross;  // W (X X'ᵀ + ρ)
    const std::int64_t n = pull.rows;
    for (std::int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<std::size_t>(i * n + i);
        pull.values[at] += shifted.values[at] - group.shifted.values[at];
    }
    Matrix wanted = algebra.multiply(input.weight, pull);
    for (std::size_t i = 0; i < group.lost.values.size(); ++i)
        wanted.values[i] += group.lost.values[i];
    return algebra.metricFactors(algebra.divide(wanted, shifted), shifted, {}, input.rank);
}

}  // namespace rankscope::method
