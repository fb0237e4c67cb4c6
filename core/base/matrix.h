// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/dtype.h"
#include "core/base/tensor_view.h"

namespace rankscope {

/// aᵀ: [columns, rows] of a [rows, columns].
Matrix transposed(const MatrixView& a);

/// a - b; both have the same shape.
Matrix difference(const Matrix& a, const Matrix& b);

/// ‖a‖_F, and ‖a - b‖_F of two of the same shape.
double frobeniusNorm(const MatrixView& a);
double distance(const MatrixView& a, const MatrixView& b);

/// Σ a ∘ b over all entries of two of the same shape, tr(aᵀ b).
double innerProduct(const MatrixView& a, const MatrixView& b);

/// Half the distance between 1 and the next number: 2^-53 for F64, 2^-24 for F32, 2^-11 for F16,
/// 2^-8 for BF16. Other types hold no weights and count as F32.
double unitRoundoff(DType dtype);

}  // namespace rankscope
