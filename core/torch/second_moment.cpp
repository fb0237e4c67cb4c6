// SPDX-License-Identifier: Apache-2.0
#include "core/torch/second_moment.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/torch/lapack.h"

namespace rankscope::torch_backend {

namespace {

/// Rows whose products are summed at once: float32 sums stay short (see GramSum), and 2048 · 1024
/// widened numbers are 17 MB.
constexpr std::int64_t rowsAtOnce = 1024;
/// Columns of one product where BLAS has no product for one triangle.
constexpr std::int64_t columnsAtOnce = 256;

/// gram [n, n] += xᵀ x in all that is not below the diagonal, by tiles that hold little else.
void addTiles(at::Tensor& gram, const at::Tensor& x) {
    const std::int64_t width = x.size(1);
    for (std::int64_t i = 0; i < width; i += columnsAtOnce) {
        const std::int64_t count = std::min(columnsAtOnce, width - i);
        gram.narrow(0, i, count)
            .narrow(1, i, width - i)
            .addmm_(x.narrow(1, i, count).t(), x.narrow(1, i, width - i));
    }
}

/// sums += Σ |x| over the rows of columns begin … begin + count; float32 within 32 rows.
void addAbsoluteFloats(const at::Tensor& x, std::int64_t begin, std::int64_t count, double* sums) {
    constexpr std::int64_t rowsOfFloats = 32;
    for (std::int64_t first = 0; first < x.size(0); first += rowsOfFloats) {
        float part[columnsAtOnce] = {};
        for (std::int64_t row = first; row < std::min(first + rowsOfFloats, x.size(0)); ++row) {
            const float* from = x.data_ptr<float>() + row * x.stride(0) + begin;
            for (std::int64_t i = 0; i < count; ++i) part[i] += std::abs(from[i]);
        }
        for (std::int64_t i = 0; i < count; ++i) sums[i] += static_cast<double>(part[i]);
    }
}

/// The tensor's memory is the vector's, on the CPU.
at::Tensor overVector(std::vector<double>& values, at::IntArrayRef shape) {
    return at::from_blob(values.data(), shape, at::kDouble);
}

}  // namespace

void addGram(at::Tensor& sum, const at::Tensor& x) {
    if (x.device().is_cpu() &&
        addGramByBlas(x.data_ptr<double>(), x.size(0), x.size(1), sum.data_ptr<double>()))
        return;
    addTiles(sum, x);
}

GramSum::GramSum(Matrix& result, std::int64_t width, const at::Device& device) : m_result(&result) {
    const auto size = static_cast<std::size_t>(width);
    result = {std::vector<double>(size * size), width, width};
    m_upper = overVector(result.values, {width, width}).to(device);
}

void GramSum::add(const at::Tensor& x) {
    m_finished = false;
    for (std::int64_t row = 0; row < x.size(0); row += rowsAtOnce) {
        const at::Tensor part = x.narrow(0, row, std::min(rowsAtOnce, x.size(0) - row));
        if (x.device().is_cpu() && x.scalar_type() == at::kFloat)
            addFloats(part);
        else
            addGram(m_upper, part.to(at::kDouble).contiguous());
    }
}

void GramSum::addFloats(const at::Tensor& x) {
    const std::int64_t width = x.size(1);
    at::Tensor gram = at::empty({width, width}, x.options());
    if (!gramByBlas(x.data_ptr<float>(), x.size(0), width, x.stride(0), gram.data_ptr<float>()))
        addTiles(gram.zero_(), x);
    const float* from = gram.data_ptr<float>();
    double* to = m_upper.data_ptr<double>();
    at::parallel_for(0, width, 64, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            for (std::int64_t j = i; j < width; ++j) to[i * width + j] += from[i * width + j];
    });
}

bool GramSum::finite() const { return std::isfinite(m_upper.trace().item<double>()); }

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

void InputSums::addAbsolute(const at::Tensor& x) {
    if (!x.device().is_cpu() || x.scalar_type() != at::kFloat) {
        m_absolute.add_(x.to(at::kDouble).abs().sum(0));
        return;
    }
    at::parallel_for(0, x.size(1), columnsAtOnce, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; i += columnsAtOnce)
            addAbsoluteFloats(x, i, std::min(columnsAtOnce, end - i),
                              m_absolute.data_ptr<double>() + i);
    });
}

bool InputSums::add(const at::Tensor& x) {
    m_result->tokens += x.size(0);
    m_gram.add(x);
    addAbsolute(x);
    return m_gram.finite() && std::isfinite(m_absolute.sum().item<double>());
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
