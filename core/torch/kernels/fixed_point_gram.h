// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/torch/kernels/aligned_memory.h"
#include "core/torch/kernels/fixed_point_kernels.h"

namespace rankscope::torch_backend {

/// XᵀX of float32 rows in exact integers: every column is rounded to a multiple of a power of two,
/// 22 to 23 bits below its largest magnitude, split into three 8-bit digits in base 256, and the
/// nine products of digits are summed as integers (the scheme of Ozaki, Ogita, Oishi and Rump,
/// doi:10.1007/s11075-011-9478-1, with integers for floats). The result is exactly the Gram matrix
/// of the rounded rows, so it has no negative eigenvalue; rounding moves x_tj by at most 1.2e-7
/// max_t |x_tj|.
class FixedPointGram {
 public:
    /// True if the processor multiplies matrices of 8-bit integers (Intel's AMX) and the system
    /// lets this program use that: then it is several times as fast as float64. Else it is correct,
    /// but slower than float64.
    static bool fast();

    explicit FixedPointGram(GramPath path = fast() ? GramPath::Amx : GramPath::Portable);

    /// Rows of one call of add().
    static constexpr std::int64_t mostRows = 8192;

    /// sum [width, width] += XᵀX on and above the diagonal, absolute [width] += Σ_t |x_tj|. x
    /// [rows, width], at most `mostRows`, with `stride` values from row to row. Integer sums are
    /// exact, and rounded to float64 once. False, and nothing added to `sum`, if a value is
    /// infinite or NaN. Uses the threads of OpenMP; their number changes no bit.
    bool add(const float* x, std::int64_t rows, std::int64_t width, std::int64_t stride,
             double* sum, double* absolute);

 private:
    void measureColumns(double* absolute);
    void split();
    void addBlock(std::int64_t index, std::int64_t* sums, double* sum) const;

    GramPath m_path;
    // The arguments of the current add().
    const float* m_x = nullptr;
    std::int64_t m_rows = 0, m_width = 0, m_stride = 0;
    std::vector<float> m_largest, m_scales;  // [width, rounded up]
    std::vector<double> m_units;             // the value of 1 in fixed point
    // Digits of X in the two orders that products read them in, and a block of sums per thread;
    // reused by later calls.
    std::size_t m_bytes = 0, m_threads = 0;
    AlignedMemory<std::int8_t> m_left, m_right;
    AlignedMemory<std::int64_t> m_sums;
};

}  // namespace rankscope::torch_backend
