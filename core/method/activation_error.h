// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/tensor_view.h"

namespace rankscope::method {

/// ‖(W - W_r) X‖_F / ‖W X‖_F for r = 0 … rank, W_r the first r components of `factors`, X Xᵀ =
/// `second` [n, n]; W [m, n]. Errors below √(n · 2⁻⁵²), which rounding hides, are 0, as are all if
/// W X = 0. Cost: a few products of W's size with `second`, whatever the number of ranks.
std::vector<double> activationErrors(const Matrix& weight, const backend::Factors& factors,
                                     const Matrix& second, const backend::LinearAlgebra& algebra);

/// The same for W' = left · right alone.
double activationError(const Matrix& weight, const backend::Factors& factors, const Matrix& second,
                       const backend::LinearAlgebra& algebra);

/// error / least - 1, the excess of a relative error over the least one of its rank; nothing if
/// `least` is below 1e-7, which is rounding.
std::optional<double> excessError(double error, double least);

}  // namespace rankscope::method
