// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/backend/backend.h"
#include "core/base/matrix.h"

namespace rankscope::torch_backend {

// backend::LinearAlgebra says what it does.

backend::PivotedFactors pivot(const backend::Factors& factors);

}  // namespace rankscope::torch_backend
