// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "core/backend/moments.h"

namespace rankscope::torch_backend {

/// Σ x xᵀ over rows x, summed in float64. On the CPU it is summed where it is to stand in the end,
/// so that no second copy of a large matrix is made.
///
/// On the CPU the products of at most 1024 float32 rows are summed in float32 first, which is twice
/// as fast: an entry (i, j) of such a block is off by 1e-8 sqrt(G_ii G_jj) (root mean square; at
/// most 7e-7, seen on the diagonal), less than the rounding that the activations carry themselves.
/// Everything else is float64 throughout.
class GramSum {
 public:
    /// `result` must outlive it; it becomes [width, width] and is valid after finish().
    GramSum(Matrix& result, std::int64_t width, const at::Device& device);
    /// x [rows, width] of any floating type, values of a row adjacent.
    void add(const at::Tensor& x);
    /// False where a sum is infinite or no number.
    bool finite() const;
    /// Completes `result` with what was added so far; more may follow.
    void finish();

 private:
    void addFloats(const at::Tensor& x);

    Matrix* m_result;
    at::Tensor m_upper;  // [width, width]: only what is not below the diagonal is summed
    bool m_finished = true;
};

/// The sums of backend::InputMoments over the rows of tensors of any floating type.
class InputSums {
 public:
    /// `result` must outlive it; it is made empty here and valid after finish().
    InputSums(backend::InputMoments& result, std::int64_t width, const at::Device& device);
    /// x [rows, width], values of a row adjacent. False where a value is infinite or no number.
    bool add(const at::Tensor& x);
    void finish();

 private:
    void addAbsolute(const at::Tensor& x);

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
    /// One example's x [rows, in] and g [rows, out]. False where a value is infinite or no number.
    bool add(const at::Tensor& x, const at::Tensor& g);
    void finish();

 private:
    backend::GradientMoments* m_result;
    std::optional<GramSum> m_gram;
    at::Tensor m_columns;  // [in]
};

/// What is below the diagonal becomes what is above it.
void mirrorUpper(Matrix& matrix);

/// sum [n, n] += xᵀ x, where only what is not below the diagonal is right afterwards. float64,
/// x [rows, n] without gaps.
void addGram(at::Tensor& sum, const at::Tensor& x);

}  // namespace rankscope::torch_backend
