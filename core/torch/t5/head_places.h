// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace rankscope::torch_backend {

/// Attention takes heads of one width. Where a layer's heads have other widths, its queries, keys
/// and values are spread over heads as wide as the widest, zeros behind each, and the mixed values
/// are gathered again: the same scores and sums. Heads of one width are left as they are.
class HeadPlaces {
 public:
    HeadPlaces() = default;
    /// `sizes` [heads] are what the layer has, `width` what attention sees: at least the largest.
    HeadPlaces(const std::vector<std::int64_t>& sizes, std::int64_t width,
               const at::Device& device);

    /// [rows, Σ sizes] -> [rows, heads · width]
    at::Tensor spread(const at::Tensor& x) const;
    /// [rows, heads · width] -> [rows, Σ sizes]
    at::Tensor gathered(const at::Tensor& x) const;

 private:
    std::int64_t m_inner = 0;  // heads · width
    at::Tensor m_places;       // [Σ sizes]; undefined: nothing moves
};

}  // namespace rankscope::torch_backend
