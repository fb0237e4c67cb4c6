// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace rankscope::torch_backend {

/// AdamW without weight decay (arXiv:1412.6980, arXiv:1711.05101), betas 0.9 and 0.95.
class Adam {
 public:
    /// Changes the values of `leaves`, which want gradients.
    explicit Adam(const std::vector<at::Tensor>& leaves);

    /// One step against `gradients`, in the order of the leaves.
    void step(const std::vector<at::Tensor>& gradients, double rate);

 private:
    std::vector<at::Tensor> m_leaves, m_means, m_squares;
    std::int64_t m_steps = 0;
};

/// Scales all gradients together so that their norm is at most 1; gives the norm before. That is
/// infinite or NaN if one of them is.
double clipToUnitNorm(std::vector<at::Tensor>& gradients);

/// The share of the largest rate in step `step` of `steps`: rises over the first 5 %, then follows
/// a cosine to 0.
double rateShare(std::int64_t step, std::int64_t steps);

}  // namespace rankscope::torch_backend
