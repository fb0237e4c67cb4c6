// SPDX-License-Identifier: Apache-2.0
#include "core/torch/second_moment.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/torch/lapack.h"

namespace rankscope::torch_backend {

namespace {

/// Rows widened at once: 2048 · 1024 numbers are 17 MB.
constexpr std::int64_t rowsAtOnce = 1024;
/// Columns of one product where BLAS has no product for one triangle.
constexpr std::int64_t columnsAtOnce = 256;

/// x [rows, width] to float64, and `absolute` [width] += Σ |x_j|.
void widenFloats(const at::Tensor& x, at::Tensor& wide, double* absolute) {
    const float* from = x.data_ptr<float>();
    double* to = wide.data_ptr<double>();
    const std::int64_t width = x.size(1);
    const std::int64_t stride = x.stride(0);
    at::parallel_for(0, width, 128, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = 0; row < x.size(0); ++row)
            for (std::int64_t i = begin; i < end; ++i) {
                const double value = from[row * stride + i];
                to[row * width + i] = value;
                absolute[i] += std::abs(value);
            }
    });
}

}  // namespace

at::Tensor overVector(std::vector<double>& values, at::IntArrayRef shape) {
    return at::from_blob(values.data(), shape, at::kDouble);
}

void addGram(at::Tensor& sum, const at::Tensor& x) {
    const std::int64_t width = x.size(1);
    if (x.device().is_cpu() &&
        addGramByBlas(x.data_ptr<double>(), x.size(0), width, sum.data_ptr<double>()))
        return;
    for (std::int64_t i = 0; i < width; i += columnsAtOnce) {
        const std::int64_t count = std::min(columnsAtOnce, width - i);
        sum.narrow(0, i, count)
            .narrow(1, i, width - i)
            .addmm_(x.narrow(1, i, count).t(), x.narrow(1, i, width - i));
    }
}

SecondMoment::SecondMoment(backend::InputMoments& result, std::int64_t width,
                           const at::Device& device)
    : m_result(&result) {
    const auto size = static_cast<std::size_t>(width);
    result.tokens = 0;
    result.second = {std::vector<double>(size * size), width, width};
    result.absolute.assign(size, 0);
    m_upper = overVector(result.second.values, {width, width});
    m_absolute = overVector(result.absolute, {width});
    if (device.is_cpu()) return;
    m_upper = m_upper.to(device);
    m_absolute = m_absolute.to(device);
}

at::Tensor SecondMoment::widened(const at::Tensor& x) {
    if (x.device().is_cpu() && x.scalar_type() == at::kFloat) {
        at::Tensor wide = at::empty(x.sizes(), x.options().dtype(at::kDouble));
        widenFloats(x, wide, m_absolute.data_ptr<double>());
        return wide;
    }
    const at::Tensor wide = x.to(at::kDouble).contiguous();
    m_absolute.add_(wide.abs().sum(0));
    return wide;
}

bool SecondMoment::add(const at::Tensor& x) {
    m_finished = false;
    m_result->tokens += x.size(0);
    for (std::int64_t row = 0; row < x.size(0); row += rowsAtOnce)
        addGram(m_upper, widened(x.narrow(0, row, std::min(rowsAtOnce, x.size(0) - row))));
    return std::isfinite(m_absolute.sum().item<double>());
}

void SecondMoment::finish() {
    if (m_finished) return;
    m_finished = true;
    at::Tensor whole = overVector(m_result->second.values, m_upper.sizes());
    if (!m_upper.device().is_cpu()) {
        whole.copy_(m_upper);
        overVector(m_result->absolute, m_absolute.sizes()).copy_(m_absolute);
    }
    mirrorUpper(m_result->second);
}

void mirrorUpper(Matrix& matrix) {
    std::vector<double>& values = matrix.values;
    const std::int64_t width = matrix.columns;
    at::parallel_for(1, width, 16, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            for (std::int64_t j = 0; j < i; ++j)
                values[static_cast<std::size_t>(i * width + j)] =
                    values[static_cast<std::size_t>(j * width + i)];
    });
}

}  // namespace rankscope::torch_backend
