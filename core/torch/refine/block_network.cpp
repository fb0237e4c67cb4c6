// SPDX-License-Identifier: Apache-2.0
#include "core/torch/refine/block_network.h"

#include <string>
#include <vector>

#include "core/torch/kernels/row_kernels.h"
#include "core/torch/t5/t5_blocks.h"

namespace rankscope::torch_backend {

using t5::Role;
using t5::Stack;
using t5::Sublayer;

PlainAttention::PlainAttention(const Ragged& queries, const Ragged& keys, const PositionBias* bias,
                               bool causal, const at::Device& device)
    : m_queries(queries, device),
      m_keys(keys, device),
      m_count(queries.count()),
      m_longest(queries.longest()),
      m_mask(m_keys.mask(at::kFloat)) {
    if (bias == nullptr) return;
    const std::int64_t reach = keys.longest();
    m_positions = PositionBias::square(bias->byDistance(reach), reach).to(at::kFloat).contiguous();
    if (!causal) return;
    const at::Tensor future =
        at::ones({reach, reach}, m_positions.options().dtype(at::kBool)).triu(1);
    m_positions = m_positions.masked_fill(future, lowestOf(at::kFloat));
}

at::Tensor PlainAttention::operator()(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                      std::int64_t heads) const {
    const auto byHead = [&](const at::Tensor& block) {
        return block.view({block.size(0), block.size(1), heads, -1}).transpose(1, 2);
    };
    at::Tensor scores =
        at::matmul(byHead(m_queries.padded(q)), byHead(m_keys.padded(k)).transpose(2, 3));
    // A future key that is padding too: the sum of two lowest numbers would be minus infinity, and
    // that is what softmax makes 0 as well, since no row consists of such keys alone.
    scores = scores.add(m_mask);
    if (m_positions.defined()) scores = scores.add(m_positions);
    const at::Tensor mixed = at::matmul(at::softmax(scores, -1), byHead(m_keys.padded(v)));
    return m_queries.unpadded(mixed.transpose(1, 2).reshape({m_count, m_longest, q.size(1)}));
}

at::Tensor plainNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
    return x.mul(x.square().mean(-1, /*keepdim=*/true).add(epsilon).rsqrt()).mul(weight);
}

namespace {

/// One block while it is computed.
class BlockPass {
 public:
    BlockPass(const t5::T5Config& config, Stack stack, int block, const BlockWeights& weights)
        : m_config(config), m_stack(stack), m_block(block), m_weights(weights) {}

    at::Tensor run(const BlockInput& input) const {
        at::Tensor x = input.stream;
        for (const Sublayer sublayer : t5::sublayersOf(m_stack)) {
            const std::string norm = t5::normName(m_stack, m_block, sublayer) + ".weight";
            const at::Tensor normed =
                plainNorm(x, m_weights.norms.at(norm), m_config.layerNormEpsilon);
            x = x.add(sublayer == Sublayer::FeedForward ? feedForward(normed)
                      : sublayer == Sublayer::SelfAttention
                          ? attention(sublayer, input.self, normed, normed)
                          : attention(sublayer, *input.cross, normed, input.encoded));
        }
        return x;
    }

 private:
    const PlainLayer& layer(Sublayer sublayer, Role role) const {
        return m_weights.layers.at(t5::moduleName({m_stack, m_block, sublayer, role}));
    }

    at::Tensor attention(Sublayer sublayer, const PlainAttention& attend, const at::Tensor& x,
                         const at::Tensor& keys) const {
        const Heads heads(m_stack, m_block, sublayer, m_config, x.device());
        const at::Tensor mixed =
            attend(heads.scores.spread(layer(sublayer, Role::Q)(x)),
                   heads.scores.spread(layer(sublayer, Role::K)(keys)),
                   heads.values.spread(layer(sublayer, Role::V)(keys)), m_config.numHeads);
        return layer(sublayer, Role::O)(heads.values.gathered(mixed));
    }

    at::Tensor feedForward(const at::Tensor& x) const {
        const std::vector<Role> roles = t5::rolesOf(Sublayer::FeedForward, m_config);
        at::Tensor hidden = activated(activationNamed(m_config.denseActFn),
                                      layer(Sublayer::FeedForward, roles[0])(x));
        if (m_config.isGatedAct) hidden = hidden.mul(layer(Sublayer::FeedForward, Role::Wi1)(x));
        return layer(Sublayer::FeedForward, Role::Wo)(hidden);
    }

    const t5::T5Config& m_config;
    Stack m_stack;
    int m_block;
    const BlockWeights& m_weights;
};

}  // namespace

at::Tensor blockOutput(const t5::T5Config& config, Stack stack, int block,
                       const BlockWeights& weights, const BlockInput& input) {
    return BlockPass(config, stack, block, weights).run(input);
}

}  // namespace rankscope::torch_backend
