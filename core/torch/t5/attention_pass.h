// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "core/torch/kernels/ragged.h"
#include "core/torch/t5/position_bias.h"
#include "core/torch/t5/weight_loader.h"

namespace rankscope::torch_backend {

/// Attention of one kind during one pass through a stack; everything that all layers share
/// (position bias, masks, places of padding) is made once.
class AttentionPass {
 public:
    /// `bias` is null for cross attention. Causal: query i sees the keys 0 … i.
    AttentionPass(const Placement& placement, std::int64_t heads, const Ragged& queries,
                  const Ragged& keys, const PositionBias* bias, bool causal);

    /// q [query rows, heads · width], k and v [key rows, heads · width] give
    /// softmax(q kᵀ + bias) v [query rows, heads · width]; no scaling.
    at::Tensor operator()(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;

 private:
    at::Tensor onCpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;
    at::Tensor splitHeads(const at::Tensor& block) const;

    Placement m_placement;
    std::int64_t m_heads;
    Ragged m_queries, m_keys;
    bool m_causal;
    std::int64_t m_reach = 0;
    at::Tensor m_byDistance;               // CPU float32: [heads, 2 · reach + 15]
    Padding m_queryPadding, m_keyPadding;  // elsewhere
    at::Tensor m_added;  // elsewhere: bias and mask, [1|count, 1|heads, 1|q, keys]
};

}  // namespace rankscope::torch_backend
