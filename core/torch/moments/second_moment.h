// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "core/backend/moments.h"
#include "core/torch/kernels/fixed_point_gram.h"

namespace rankscope::torch_backend {

/// Σ x xᵀ in float64 over rows x. On the CPU it is summed in place, so that no second copy of a
/// large matrix is made.
class GramSum {
 public:
    /// `result` must outlive it; it becomes [width, width] and is valid after finish().
    GramSum(Matrix& result, std::int64_t width, const at::Device& device);
    /// x [rows, width], float64, without gaps.
    void add(const at::Tensor& x);
    /// x [rows, width], float32 on the CPU, values of a row adjacent; `absolute` [width] += Σ
    /// |x_j|. False if a value is infinite or NaN.
    bool add(const at::Tensor& x, FixedPointGram& fixedPoint, double* absolute);
    /// Completes `result` with the rows added so far; more may follow.
    void finish();

 private:
    Matrix* m_result;
    at::Tensor m_upper;  // [width, width]: summed only on and above the diagonal
    bool m_finished = true;
};

/// The sums of backend::InputMoments over the rows of tensors of any floating type.
class InputSums {
 public:
    /// `result` must outlive it; it is made empty here and valid after finish().
    InputSums(backend::InputMoments& result, std::int64_t width, const at::Device& device);
    /// x [rows, width], values of a row adjacent. False if a value is infinite or NaN. With
    /// `fixedPoint`, for float32 on the CPU, products are summed by it.
    bool add(const at::Tensor& x, FixedPointGram* fixedPoint);
    void finish();

 private:
    at::Tensor widened(const at::Tensor& x);

    backend::InputMoments* m_result;
    GramSum m_gram;
    at::Tensor m_absolute;  // [width]
};

/// The sums of backend::GradientMoments over the gradients of examples.
class GradientSums {
 public:
    /// `result` must outlive it; it is made empty here and valid after finish(). Without `second`
    /// that matrix stays empty.
    GradientSums(backend::GradientMoments& result, std::int64_t out, std::int64_t in,
                 const at::Device& device, bool second);
    /// One example's x [rows, in] and g [rows, out]. False if a value is infinite or NaN.
    bool add(const at::Tensor& x, const at::Tensor& g);
    void finish();

 private:
    backend::GradientMoments* m_result;
    std::optional<GramSum> m_gram;
    at::Tensor m_columns;  // [in]
};

/// Copies the upper triangle to the lower.
void mirrorUpper(Matrix& matrix);

/// sum [n, n] += xᵀ x; only the entries on and above the diagonal are valid afterwards. float64, x
/// [rows, n] without gaps.
void addGram(at::Tensor& sum, const at::Tensor& x);

}  // namespace rankscope::torch_backend
