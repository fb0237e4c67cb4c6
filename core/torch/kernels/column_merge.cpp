// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/column_merge.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rankscope::torch_backend {

namespace {

constexpr std::int64_t lanes = 16;

void mergePortable(const std::vector<std::uint16_t>& masks, std::int64_t width, const float* first,
                   const float* second, float* merged) {
    for (std::int64_t i = 0; i < width; ++i) {
        const bool fromFirst =
            (masks[static_cast<std::size_t>(i / lanes)] >> (i % lanes) & 1U) != 0;
        merged[i] = fromFirst ? *first++ : *second++;
    }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,popcnt"))) void mergeAvx512(const std::vector<std::uint16_t>& masks,
                                                           std::int64_t width, const float* first,
                                                           const float* second, float* merged) {
    std::int64_t begin = 0;
    for (const std::uint16_t mask : masks) {
        const auto here = static_cast<std::uint16_t>(
            width - begin >= lanes ? 0xFFFFU : (1U << static_cast<unsigned>(width - begin)) - 1U);
        const auto other = static_cast<std::uint16_t>(here & ~mask);
        // Only values whose bit is set are read from memory, one after the other.
        const __m512 values =
            _mm512_mask_expandloadu_ps(_mm512_maskz_expandloadu_ps(mask, first), other, second);
        _mm512_mask_storeu_ps(merged + begin, here, values);
        first += __builtin_popcount(mask);
        second += __builtin_popcount(other);
        begin += lanes;
    }
}
#endif

}  // namespace

ColumnMerge::ColumnMerge(const std::vector<std::int64_t>& places, std::int64_t width,
                         ProductPath path)
    : m_width(width), m_path(path), m_first(static_cast<std::size_t>((width + lanes - 1) / lanes)) {
    for (const std::int64_t place : places) {
        std::uint16_t& mask = m_first[static_cast<std::size_t>(place / lanes)];
        mask = static_cast<std::uint16_t>(mask | 1U << static_cast<unsigned>(place % lanes));
    }
}

void ColumnMerge::apply(const float* first, const float* second, float* merged) const {
#if defined(__x86_64__)
    if (m_path == ProductPath::Avx512) return mergeAvx512(m_first, m_width, first, second, merged);
#endif
    mergePortable(m_first, m_width, first, second, merged);
}

}  // namespace rankscope::torch_backend
