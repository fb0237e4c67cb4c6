// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "core/t5/t5_layout.h"

namespace rankscope::torch_backend {

/// Sees the layers' inputs while a model runs.
class InputObserver {
 public:
    virtual ~InputObserver() = default;
    /// x [rows, in] is the input called `name` (inputOfModule); its rows may come in
    /// several calls. x is only read, and may be overwritten afterwards.
    virtual void take(const std::string& name, const at::Tensor& x) = 0;
};

}  // namespace rankscope::torch_backend
