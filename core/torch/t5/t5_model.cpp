// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/t5_model.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/torch/t5/attention_pass.h"

namespace rankscope::torch_backend {

using backend::TokenIds;
using t5::Stack;

namespace {

/// Tensors and matrices that a model of this config asks for.
std::int64_t expectedLoads(const t5::T5Config& config) {
    std::int64_t loads = 3;  // the embedding and two tables of positions
    for (const t5::LayerGroup& group : t5::layerGroups(config))
        loads += static_cast<std::int64_t>(group.modules.size()) + (group.norm.empty() ? 0 : 1);
    return loads;
}

/// Lookups are not checked one by one, so a token that the model feeds itself must be a row.
void requireTokens(const t5::T5Config& d, std::int64_t vocabulary) {
    for (const auto& [what, id] :
         {std::pair{"start", d.decoderStartTokenId}, std::pair{"end", d.eosTokenId},
          std::pair{"padding", d.padTokenId}})
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

T5Model::T5Model(const t5::T5Config& config, const backend::WeightSource& source,
                 const Placement& placement, const Progress& progress)
    : m_config(config), m_placement(placement) {
    activationNamed(config.denseActFn);  // complains before anything is read
    WeightLoader loader(source, placement, progress, expectedLoads(config));
    m_shared = std::make_shared<const LinearGroup>(loader, std::vector<std::string>{"shared"},
                                                   std::vector<std::int64_t>{-1}, config.dModel);
    requireTokens(config, m_shared->out(0));
    for (int i = 0; i < config.numLayers; ++i) m_encoder.emplace_back(loader, i, config);
    m_encoderBias = loadBias(loader, Stack::Encoder);
    m_encoderNorm = {loader.tensor(t5::finalNormName(Stack::Encoder) + ".weight", {config.dModel}),
                     config.layerNormEpsilon};
    for (int i = 0; i < config.numDecoderLayers; ++i) m_decoder.emplace_back(loader, i, config);
    m_decoderBias = loadBias(loader, Stack::Decoder);
    m_decoderNorm = {loader.tensor(t5::finalNormName(Stack::Decoder) + ".weight", {config.dModel}),
                     config.layerNormEpsilon};
    m_head = config.tiedHead ? m_shared
                             : std::make_shared<const LinearGroup>(
                                   loader, std::vector<std::string>{"lm_head"},
                                   std::vector{m_shared->out(0)}, config.dModel);
}

PositionBias T5Model::loadBias(WeightLoader& loader, Stack stack) const {
    const at::Tensor table =
        loader.tensor(t5::positionTableName(stack) + ".weight",
                      {m_config.relativeAttentionNumBuckets, m_config.numHeads});
    return {table, stack == Stack::Encoder, m_config.relativeAttentionMaxDistance};
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
            return cross(q, block.cross.keys(encoded), block.cross.values(encoded));
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
    return m_config.outputScale() == 1 ? decoded : decoded.mul(m_config.outputScale());
}

at::Tensor T5Model::logits(const at::Tensor& decoded) const {
    return (*m_head)(headInput(decoded)).to(at::kFloat);
}

}  // namespace rankscope::torch_backend
