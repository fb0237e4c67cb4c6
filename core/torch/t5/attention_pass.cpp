// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/attention_pass.h"

#include "core/torch/kernels/cpu_attention.h"

namespace rankscope::torch_backend {

AttentionPass::AttentionPass(const Placement& placement, std::int64_t heads, const Ragged& queries,
                             const Ragged& keys, const PositionBias* bias, bool causal)
    : m_placement(placement),
      m_heads(heads),
      m_queries(queries),
      m_keys(keys),
      m_causal(causal),
      m_reach(keys.longest()) {
    if (bias != nullptr) m_byDistance = bias->byDistance(m_reach);
    if (placement.cpuFloat()) return;
    m_queryPadding = Padding(queries, placement.device);
    m_keyPadding = Padding(keys, placement.device);
    m_added = m_keyPadding.mask(placement.type);
    if (causal) {
        const at::Tensor future =
            at::ones({m_reach, m_reach}, m_added.options().dtype(at::kBool)).triu(1);
        m_added = m_added.masked_fill(future, lowestOf(placement.type));
    }
    // The sum of bias and lowest number may round to minus infinity only if nothing is added.
    if (bias != nullptr)
        m_added = PositionBias::square(m_byDistance, m_reach).unsqueeze(0).add(m_added);
}

at::Tensor AttentionPass::operator()(const at::Tensor& q, const at::Tensor& k,
                                     const at::Tensor& v) const {
    if (m_placement.cpuFloat()) return onCpu(q, k, v);
    const at::Tensor queries = splitHeads(m_queryPadding.padded(q));
    const at::Tensor keys = splitHeads(m_keyPadding.padded(k));
    const at::Tensor values = splitHeads(m_keyPadding.padded(v));
    const at::Tensor scores = at::matmul(queries, keys.transpose(2, 3)).add_(m_added);
    const at::Tensor weights =
        at::softmax(scores, -1, at::kFloat).to(m_placement.type);  // [count, heads, q, keys]
    const at::Tensor mixed = at::matmul(weights, values).transpose(1, 2);
    return m_queryPadding.unpadded(
        mixed.reshape({m_queries.count(), m_queries.longest(), q.size(1)}));
}

/// [count, length, heads · width] -> [count, heads, length, width]
at::Tensor AttentionPass::splitHeads(const at::Tensor& block) const {
    return block.view({block.size(0), block.size(1), m_heads, block.size(2) / m_heads})
        .transpose(1, 2);
}

at::Tensor AttentionPass::onCpu(const at::Tensor& q, const at::Tensor& k,
                                const at::Tensor& v) const {
    at::Tensor result = at::empty({q.size(0), q.size(1)}, q.options());
    FullAttention task;
    task.q = {q.data_ptr<float>(), q.stride(0)};
    task.k = {k.data_ptr<float>(), k.stride(0)};
    task.v = {v.data_ptr<float>(), v.stride(0)};
    task.heads = m_heads;
    task.width = q.size(1) / m_heads;
    task.queries = &m_queries;
    task.keys = &m_keys;
    if (m_byDistance.defined()) task.bias = m_byDistance.data_ptr<float>();
    task.reach = m_reach;
    task.causal = m_causal;
    task.out = result.data_ptr<float>();
    attend(task);
    return result;
}

}  // namespace rankscope::torch_backend
