// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/backend/backend.h"
#include "core/base/matrix.h"

namespace rankscope::torch_backend {

// For methods that use data; backend::LinearAlgebra says what each does.

backend::Factors metricFactors(const MatrixView& weight, const MatrixView& inputs,
                               const MatrixView& outputs, std::int64_t rank,
                               const backend::Device& device);
Matrix orthonormalBasis(const MatrixView& a, const backend::Device& device);
Matrix divide(const MatrixView& b, const MatrixView& a, const backend::Device& device);

}  // namespace rankscope::torch_backend
