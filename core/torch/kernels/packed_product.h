// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/torch/kernels/aligned_memory.h"
#include "core/torch/kernels/packed_kernels.h"

namespace rankscope::torch_backend {

/// A float32 weight W [out, in] in the order in which y = x Wᵀ reads it: panels of outputs,
/// [panel][in][width], whose widths differ by at most one vector. Every weight is read once from
/// memory, also with several rows of x; with many rows a panel stays in the cache while all rows
/// pass.
///
/// An output is the sum over blocks of at most 192 inputs, each summed in ascending order; the
/// result of a row does not depend, bit for bit, on the rows beside it or on the number of threads.
class PackedWeight {
 public:
    /// Rows [rows, in] of a weight, row-major and without gaps.
    struct Rows {
        const float* data = nullptr;
        std::int64_t rows = 0;
    };

    /// A sub-range.
    struct Part {
        std::int64_t begin = 0;
        std::int64_t size = 0;
    };

    /// True if the processor has AVX-512 or AVX2 with FMA. Else the product is correct but slow,
    /// and a BLAS should be used instead.
    static bool supported();
    /// The fastest path of this processor.
    static ProductPath bestPath();

    PackedWeight() = default;
    /// `weight` holds rows x columns values, row-major: columns is `in`, rows is `out`.
    PackedWeight(std::span<const float> weight, std::int64_t rows, std::int64_t columns,
                 ProductPath path = bestPath());
    /// Several weights with the same input as one: outputs are in the order of the blocks.
    PackedWeight(std::span<const Rows> blocks, std::int64_t columns, ProductPath path = bestPath());

    /// y[i, j] = Σ_k x[i, k] W[j, k]. x [rows, in] with xStride values from row to row, y
    /// [rows, out] with yStride; x and y must not overlap. Uses the threads of OpenMP.
    void multiply(const float* x, std::int64_t rows, std::int64_t xStride, float* y,
                  std::int64_t yStride) const;

    /// Copies row `index` of W to `values` [in].
    void copyRow(std::int64_t index, float* values) const;
    std::vector<float> row(std::int64_t index) const;

    std::int64_t in() const { return m_in; }
    std::int64_t out() const { return m_out; }
    ProductPath path() const { return m_path; }

 private:
    /// First output of a panel; for the number of panels: all outputs, rounded up to whole vectors.
    std::int64_t panelBegin(std::int64_t panel) const {
        return m_lanes * (m_vectors * panel / m_panels);
    }
    std::int64_t panelWidth(std::int64_t panel) const {
        return panelBegin(panel + 1) - panelBegin(panel);
    }
    void packPanel(std::int64_t panel, std::span<const float* const> rows);
    void multiplyRows(const float* x, std::int64_t rows, std::int64_t xStride, float* y,
                      std::int64_t yStride) const;
    void multiplyPanel(std::int64_t panel, const float* x, std::int64_t rows, Part blocks, float* y,
                       std::int64_t yStride) const;

    std::int64_t m_in = 0;
    std::int64_t m_out = 0;
    std::int64_t m_lanes = 1;
    std::int64_t m_vectors = 0;  // of m_lanes outputs, the last filled up
    std::int64_t m_panels = 1;
    ProductPath m_path = ProductPath::Portable;
    AlignedMemory<float> m_values;
};

}  // namespace rankscope::torch_backend
