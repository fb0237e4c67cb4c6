// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/torch/kernels/packed_product.h"

namespace rankscope::torch_backend {

/// Merges the columns of two matrices into one, each keeping its order: the last step of a weight's
/// pivoted form.
class ColumnMerge {
 public:
    ColumnMerge() = default;
    /// `places` of the first matrix' columns, ascending, among `width` columns; the second matrix'
    /// columns take the others.
    ColumnMerge(const std::vector<std::int64_t>& places, std::int64_t width,
                ProductPath path = PackedWeight::bestPath());

    /// One row: first [places], second [the rest] and merged [width] values.
    void apply(const float* first, const float* second, float* merged) const;

 private:
    std::int64_t m_width = 0;
    ProductPath m_path = ProductPath::Portable;
    std::vector<std::uint16_t> m_first;  // a bit for each of 16 columns: from the first matrix?
};

}  // namespace rankscope::torch_backend
