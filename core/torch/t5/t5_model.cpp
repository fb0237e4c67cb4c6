// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/t5_model.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/torch/t5/attention_pass.h"

namespace rankscope::torch_backend {

using backend::TokenIds;

namespace {

/// Number of tensors and matrices that a model of these dimensions loads.
std::int64_t expectedLoads(const backend::T5Dimensions& d) {
    const std::int64_t inner = d.gated ? 2 : 1;
    return d.encoderLayers * (7 + inner) + d.decoderLayers * (12 + inner) + 6;
}

/// Lookups are not checked one by one, so a token that the model feeds itself must be a row.
void requireTokens(const backend::T5Dimensions& d, std::int64_t vocabulary) {
    for (const auto& [what, id] : {std::pair{"start", d.startToken}, std::pair{"end", d.eosToken},
                                   std::pair{"padding", d.padToken}})
        if (id < 0 || id >= vocabulary)
            throw Error(
                fmt::format("The model's {} token is {}, but its embedding has rows 0 to {} "
                            "only; correct its config.json.",
                            what, id, vocabulary - 1));
}

void keep(std::vector<at::Tensor>* states, const at::Tensor& x) {
    if (states != nullptr) states->push_back(x.clone());
}

}  // namespace

T5Model::T5Model(const backend::T5Dimensions& dimensions, const backend::WeightSource& source,
                 const Placement& placement, const Progress& progress)
    : m_dimensions(dimensions), m_placement(placement) {
    activationNamed(dimensions.activation);  // fails before anything is read
    WeightLoader loader(source, placement, progress, expectedLoads(dimensions));
    m_shared = std::make_shared<const LinearGroup>(loader, std::vector<std::string>{"shared"}, -1,
                                                   dimensions.dModel);
    requireTokens(dimensions, m_shared->out(0));
    for (std::int64_t i = 0; i < dimensions.encoderLayers; ++i)
        m_encoder.emplace_back(loader, fmt::format("encoder.block.{}.", i), dimensions);
    m_encoderBias = loadBias(loader, "encoder");
    m_encoderNorm = {loader.tensor("encoder.final_layer_norm.weight", {dimensions.dModel}),
                     dimensions.layerNormEpsilon};
    for (std::int64_t i = 0; i < dimensions.decoderLayers; ++i)
        m_decoder.emplace_back(loader, fmt::format("decoder.block.{}.", i), dimensions);
    m_decoderBias = loadBias(loader, "decoder");
    m_decoderNorm = {loader.tensor("decoder.final_layer_norm.weight", {dimensions.dModel}),
                     dimensions.layerNormEpsilon};
    m_head = dimensions.tiedHead
                 ? m_shared
                 : std::make_shared<const LinearGroup>(loader, std::vector<std::string>{"lm_head"},
                                                       m_shared->out(0), dimensions.dModel);
}

PositionBias T5Model::loadBias(WeightLoader& loader, const std::string& stack) const {
    const at::Tensor table =
        loader.tensor(stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                      {m_dimensions.relativeAttentionNumBuckets, m_dimensions.numHeads});
    return {table, stack == "encoder", m_dimensions.relativeAttentionMaxDistance};
}

at::Tensor T5Model::encode(std::span<const TokenIds> sources, const Progress& progress,
                           std::vector<at::Tensor>* states, InputObserver* observer) const {
    const Ragged rows(sources);
    const AttentionPass attention(m_placement, heads(), rows, rows, &m_encoderBias,
                                  /*causal=*/false);
    at::Tensor x = embed(joinedIds(sources, m_placement.device));
    for (const EncoderBlock& block : m_encoder) {
        throwIfStopped(progress);
        keep(states, x);
        block.self.apply(x, attention, observer);
        block.feedForward.apply(x, observer);
    }
    x = m_encoderNorm(x);
    keep(states, x);
    return x;
}

at::Tensor T5Model::decode(std::span<const TokenIds> inputs, const at::Tensor& encoded,
                           const Ragged& sources, const Progress& progress,
                           std::vector<at::Tensor>* states, InputObserver* observer) const {
    const Ragged rows(inputs);
    const AttentionPass self(m_placement, heads(), rows, rows, &m_decoderBias, /*causal=*/true);
    const AttentionPass cross(m_placement, heads(), rows, sources, nullptr, /*causal=*/false);
    at::Tensor x = embed(joinedIds(inputs, m_placement.device));
    if (observer != nullptr &&
        !m_decoder.empty())  // one input of the keys and values of all blocks
        observer->take(m_decoder.front().cross.key.modules().front(), encoded);
    for (const DecoderBlock& block : m_decoder) {
        throwIfStopped(progress);
        keep(states, x);
        block.self.apply(x, self, observer);
        const auto attention = [&](const at::Tensor& q) {
            return cross(q, block.cross.key(encoded), block.cross.value(encoded));
        };
        block.cross.apply(x, attention, observer);
        block.feedForward.apply(x, observer);
    }
    x = m_decoderNorm(x);
    keep(states, x);
    if (observer != nullptr) observer->take("lm_head", headInput(x));
    return x;
}

at::Tensor T5Model::headInput(const at::Tensor& decoded) const {
    return m_dimensions.outputScale == 1 ? decoded : decoded.mul(m_dimensions.outputScale);
}

at::Tensor T5Model::logits(const at::Tensor& decoded) const {
    return (*m_head)(headInput(decoded)).to(at::kFloat);
}

}  // namespace rankscope::torch_backend
