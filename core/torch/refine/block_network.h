// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "core/t5/t5_config.h"
#include "core/t5/t5_layout.h"
#include "core/torch/kernels/ragged.h"
#include "core/torch/refine/block_weights.h"
#include "core/torch/t5/position_bias.h"

namespace rankscope::torch_backend {

/// What the attentions of one kind share in a batch: places of padding, mask and positions.
class PlainAttention {
 public:
    /// `bias` is null for cross attention. Causal: query i sees the keys 0 … i.
    PlainAttention(const Ragged& queries, const Ragged& keys, const PositionBias* bias, bool causal,
                   const at::Device& device);

    /// q [query rows, heads · width], k and v [key rows, heads · width] give the mixed values
    /// [query rows, heads · width].
    at::Tensor operator()(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          std::int64_t heads) const;

 private:
    Padding m_queries, m_keys;
    std::int64_t m_count = 0, m_longest = 0;
    at::Tensor m_mask;       // [count, 1, 1, keys]
    at::Tensor m_positions;  // [heads, queries, keys]; undefined for cross attention
};

/// What a block's input is besides its weights.
struct BlockInput {
    const at::Tensor& stream;   // [rows, dModel]
    const at::Tensor& encoded;  // [source rows, dModel]; of a decoder only
    const PlainAttention& self;
    const PlainAttention* cross;  // of a decoder only
};

/// One block of a T5 in plain ATen operations, which LibTorch can differentiate. A third spelling
/// of the network, beside T5Model and T5Gradients: here a block stands alone, with weights as
/// given.
at::Tensor blockOutput(const t5::T5Config& config, t5::Stack stack, int block,
                       const BlockWeights& weights, const BlockInput& input);

/// T5's norm in plain operations.
at::Tensor plainNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

}  // namespace rankscope::torch_backend
