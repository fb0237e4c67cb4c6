// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/backend/backend.h"
#include "core/base/matrix.h"

namespace rankscope::torch_backend {

// backend::LinearAlgebra says what each does.

backend::SingularValues singularValues(const MatrixView& weight, const backend::Device& device);
backend::Factors truncatedSvd(const MatrixView& weight, std::int64_t rank,
                              const backend::Device& device);
backend::SingularFactors singularFactors(const MatrixView& a, const backend::Device& device);

}  // namespace rankscope::torch_backend
