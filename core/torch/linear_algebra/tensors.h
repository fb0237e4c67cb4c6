// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include "core/backend/device.h"
#include "core/base/matrix.h"

namespace rankscope::torch_backend {

/// A tensor over the view's memory (CPU, not owned, not to be written), or a copy on the GPU.
/// Throws Error if the number of values is not rows · columns or one of them is below 0.
at::Tensor toTensor(const MatrixView& matrix, const backend::Device& device);  // [rows, columns]

/// A 2-D tensor's values in row-major order.
Matrix toMatrix(const at::Tensor& tensor);

}  // namespace rankscope::torch_backend
