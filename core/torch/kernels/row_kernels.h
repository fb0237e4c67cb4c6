// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

namespace rankscope::torch_backend {

/// T5's norm: x / sqrt(mean(x²) + epsilon) · weight, no mean subtracted. x [rows, d], weight [d];
/// the mean is float32 in any type, and half types are rounded before the weight multiplies.
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

/// Activation functions by transformers' names.
enum class Activation { Relu, GeluNew, Gelu, Silu };

/// Throws Error naming the function if it is not one of them.
Activation activationNamed(const std::string& name);
at::Tensor activated(Activation activation, const at::Tensor& x);

}  // namespace rankscope::torch_backend
