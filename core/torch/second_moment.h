// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include "core/backend/moments.h"

namespace rankscope::torch_backend {

/// Sums of backend::InputMoments in float64 over the rows of tensors of any floating type. On the
/// CPU they are made where they are to stand in the end: one copy of a large matrix is enough.
class SecondMoment {
 public:
    /// `result` must outlive it; it is made empty here and valid by finish().
    SecondMoment(backend::InputMoments& result, std::int64_t width, const at::Device& device);

    /// x [rows, width], values of a row adjacent. False where a value is infinite or no number.
    bool add(const at::Tensor& x);

    /// Completes `result` with what was added so far; more may follow.
    void finish();

 private:
    at::Tensor widened(const at::Tensor& x);

    backend::InputMoments* m_result;
    at::Tensor m_upper;     // [width, width]: only what is not below the diagonal is summed
    at::Tensor m_absolute;  // [width]
    bool m_finished = true;
};

/// The tensor's memory is the vector's, on the CPU.
at::Tensor overVector(std::vector<double>& values, at::IntArrayRef shape);

/// What is below the diagonal becomes what is above it.
void mirrorUpper(Matrix& matrix);

/// sum [n, n] += xᵀ x, where only what is not below the diagonal is right afterwards. float64,
/// x [rows, n] without gaps.
void addGram(at::Tensor& sum, const at::Tensor& x);

}  // namespace rankscope::torch_backend
