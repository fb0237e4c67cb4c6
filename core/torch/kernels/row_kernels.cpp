// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/row_kernels.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cmath>

#include "core/base/error.h"

namespace rankscope::torch_backend {

namespace {

/// Sum of squares, 16 partial sums so that the compiler can use vectors.
float sumOfSquares(const float* values, std::int64_t count) {
    float parts[16] = {};
    std::int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int lane = 0; lane < 16; ++lane) parts[lane] += values[i + lane] * values[i + lane];
    float sum = 0;
    for (; i < count; ++i) sum += values[i] * values[i];
    for (int lane = 0; lane < 16; ++lane) sum += parts[lane];
    return sum;
}

at::Tensor rmsNormFloat(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
    const std::int64_t width = x.size(1);
    at::Tensor result = at::empty({x.size(0), width}, x.options());
    const float* scale = weight.data_ptr<float>();
    const float* from = x.data_ptr<float>();
    const std::int64_t stride = x.stride(0);
    float* to = result.data_ptr<float>();
    at::parallel_for(0, x.size(0), 32, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
            const float* in = from + row * stride;
            float* out = to + row * width;
            const float mean = sumOfSquares(in, width) / static_cast<float>(width);
            const float factor = 1.0F / std::sqrt(mean + static_cast<float>(epsilon));
            for (std::int64_t i = 0; i < width; ++i) out[i] = in[i] * factor * scale[i];
        }
    });
    return result;
}

}  // namespace

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
    if (x.device().is_cpu() && x.scalar_type() == at::kFloat && x.stride(1) == 1)
        return rmsNormFloat(x, weight, epsilon);
#if __has_include(<ATen/ops/_fused_rms_norm.h>)
    // Newer versions have one kernel on the GPU instead of the six below. Half types are rounded
    // before the weight multiplies, so it does that by itself.
    if (x.scalar_type() == at::kFloat) return at::rms_norm(x, {x.size(1)}, weight, epsilon);
    return at::rms_norm(x, {x.size(1)}, {}, epsilon).mul_(weight);
#else
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor factor = wide.square().mean(-1, /*keepdim=*/true).add_(epsilon).rsqrt_();
    return at::mul(wide, factor).to(weight.scalar_type()).mul_(weight);
#endif
}

Activation activationNamed(const std::string& name) {
    if (name == "relu") return Activation::Relu;
    if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::GeluNew;
    if (name == "gelu") return Activation::Gelu;
    if (name == "silu" || name == "swish") return Activation::Silu;
    throw Error(fmt::format("The activation function \"{}\" is not supported; relu, gelu_new, "
                            "gelu and silu are.",
                            printable(name)),
                name);
}

at::Tensor activated(Activation activation, const at::Tensor& x) {
    switch (activation) {
        case Activation::Relu:
            return at::relu(x);
        case Activation::GeluNew:
            return at::gelu(x, "tanh");
        case Activation::Gelu:
            return at::gelu(x, "none");
        case Activation::Silu:
            break;
    }
    return at::silu(x);
}

}  // namespace rankscope::torch_backend
