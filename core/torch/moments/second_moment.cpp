// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/second_moment.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/torch/linear_algebra/lapack.h"

namespace rankscope::torch_backend {

namespace {

/// Rows widened at once: 2048 · 1024 numbers are 17 MB.
constexpr std::int64_t momentRows = 1024;
/// Columns of one product if BLAS has no product for one triangle.
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

/// The tensor's memory is the vector's, on the CPU.
at::Tensor overVector(std::vector<double>& values, at::IntArrayRef shape) {
    return at::from_blob(values.data(), shape, at::kDouble);
}

}  // namespace

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

GramSum::GramSum(Matrix& result, std::int64_t width, const at::Device& device) : m_result(&result) {
    const auto size = static_cast<std::size_t>(width);
    result = {std::vector<double>(size * size), width, width};
    m_upper = overVector(result.values, {width, width}).to(device);
}

void GramSum::add(const at::Tensor& x) {
    m_finished = false;
    addGram(m_upper, x);
}

bool GramSum::add(const at::Tensor& x, FixedPointGram& fixedPoint, double* absolute) {
    m_finished = false;
    const std::int64_t stride = x.stride(0);
    for (std::int64_t row = 0; row < x.size(0); row += FixedPointGram::mostRows)
        if (!fixedPoint.add(x.data_ptr<float>() + row * stride,
                            std::min(FixedPointGram::mostRows, x.size(0) - row), x.size(1), stride,
                            m_upper.data_ptr<double>(), absolute))
            return false;
    return true;
}

void GramSum::finish() {
    if (m_finished) return;
    m_finished = true;
    if (!m_upper.device().is_cpu()) overVector(m_result->values, m_upper.sizes()).copy_(m_upper);
    mirrorUpper(*m_result);
}

InputSums::InputSums(backend::InputMoments& result, std::int64_t width, const at::Device& device)
    : m_result(&result), m_gram(result.second, width, device) {
    result.tokens = 0;
    result.absolute.assign(static_cast<std::size_t>(width), 0);
    m_absolute = overVector(result.absolute, {width}).to(device);
}

at::Tensor InputSums::widened(const at::Tensor& x) {
    if (x.device().is_cpu() && x.scalar_type() == at::kFloat) {
        at::Tensor wide = at::empty(x.sizes(), x.options().dtype(at::kDouble));
        widenFloats(x, wide, m_absolute.data_ptr<double>());
        return wide;
    }
    const at::Tensor wide = x.to(at::kDouble).contiguous();
    m_absolute.add_(wide.abs().sum(0));
    return wide;
}

bool InputSums::add(const at::Tensor& x, FixedPointGram* fixedPoint) {
    m_result->tokens += x.size(0);
    if (fixedPoint != nullptr) return m_gram.add(x, *fixedPoint, m_absolute.data_ptr<double>());
    for (std::int64_t row = 0; row < x.size(0); row += momentRows)
        m_gram.add(widened(x.narrow(0, row, std::min(momentRows, x.size(0) - row))));
    return std::isfinite(m_absolute.sum().item<double>());
}

void InputSums::finish() {
    m_gram.finish();
    if (!m_absolute.device().is_cpu())
        overVector(m_result->absolute, m_absolute.sizes()).copy_(m_absolute);
}

GradientSums::GradientSums(backend::GradientMoments& result, std::int64_t out, std::int64_t in,
                           const at::Device& device, bool second)
    : m_result(&result) {
    result = {};
    if (second) m_gram.emplace(result.second, out, device);
    result.columns.assign(static_cast<std::size_t>(in), 0);
    m_columns = overVector(result.columns, {in}).to(device);
}

bool GradientSums::add(const at::Tensor& x, const at::Tensor& g) {
    m_result->tokens += x.size(0);
    const at::Tensor inputs = x.to(at::kDouble);
    const at::Tensor gradients = g.to(at::kDouble).contiguous();
    if (m_gram) m_gram->add(gradients);
    // Σ_i (Σ_t g_ti x_tj)² = Σ_t x_tj (g gᵀ x)_tj: rows squared cost less than out · in.
    const at::Tensor products = at::matmul(gradients, gradients.t());
    m_columns.add_(at::matmul(products, inputs).mul_(inputs).sum(0));
    return std::isfinite(m_columns.sum().item<double>());
}

void GradientSums::finish() {
    if (m_gram) m_gram->finish();
    if (!m_columns.device().is_cpu())
        overVector(m_result->columns, m_columns.sizes()).copy_(m_columns);
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
