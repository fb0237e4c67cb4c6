// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/torch/kernels/ragged.h"

namespace rankscope::torch_backend {

/// Rows of all heads side by side, float32: head h of row i begins at data + i · stride + h ·
/// width.
struct HeadRows {
    const float* data = nullptr;
    std::int64_t stride = 0;
};

/// softmax(q kᵀ + bias) v for every sequence and head of a ragged batch, without scaling.
struct FullAttention {
    HeadRows q, k, v;
    std::int64_t heads = 0;
    std::int64_t width = 0;  ///< of one head
    const Ragged* queries = nullptr;
    const Ragged* keys = nullptr;
    /// PositionBias::byDistance(reach), or nothing.
    const float* bias = nullptr;
    std::int64_t reach = 0;
    bool causal = false;   ///< query i sees the keys 0 … i
    float* out = nullptr;  // [query rows, heads · width]
};
void attend(const FullAttention& task);

/// The same for a few queries per source; each source's keys may lie anywhere in memory.
struct StepAttention {
    struct Source {
        const float* const* k = nullptr;  // [keys] rows
        const float* const* v = nullptr;  // [keys] rows
        std::int64_t keys = 0;
    };
    std::vector<Source> sources;
    HeadRows q;                // `queries` adjacent rows per source
    std::int64_t queries = 1;  ///< per source
    std::int64_t heads = 0;
    std::int64_t width = 0;
    const float* bias = nullptr;  ///< of key j for head h at bias[h · biasStride + j], or nothing
    std::int64_t biasStride = 0;
    float* out = nullptr;  // [sources · queries, heads · width]
};
void attend(const StepAttention& task);

}  // namespace rankscope::torch_backend
