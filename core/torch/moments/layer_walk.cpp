// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/layer_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/t5/t5_layout.h"
#include "core/torch/linear_algebra/tensors.h"
#include "core/torch/linear_algebra/torch_errors.h"
#include "core/torch/moments/second_moment.h"
#include "core/torch/moments/teacher_forcing.h"
#include "core/torch/t5/t5_blocks.h"

namespace rankscope::torch_backend {

using backend::TokenIds;
using backend::WalkedGroup;

namespace {

/// Source or target tokens of a batch, and rows widened at once: 2048 · 1024 numbers are 17 MB.
constexpr std::int64_t batchTokens = 4096;
constexpr std::int64_t walkRows = 1024;

/// A source of the one matrix that replaces a module.
class Replacement : public backend::WeightSource {
 public:
    explicit Replacement(const backend::LayerWeights& weights) : m_weights(&weights) {}
    backend::LayerWeights matrix(const std::string&) const override { return *m_weights; }
    backend::Tensor tensor(const std::string& name) const override {
        throw Error("A replaced layer was asked for the tensor " + name + ".");
    }

 private:
    const backend::LayerWeights* m_weights;
};

/// Rows of both models, each a token.
struct Rows {
    at::Tensor x, shifted;  // inputs [rows, in]
    at::Tensor lost = {};   // S - S' [rows, out]; may be undefined
    at::Tensor roots = {};  // of the tokens' weights [rows, 1]; may be undefined
};

/// The upper triangles of X Xᵀ and X' X'ᵀ, X X'ᵀ, and (S - S') X'ᵀ if `out` is above 0.
struct Sums {
    at::Tensor original, cross, shifted, lost;

    Sums(std::int64_t in, std::int64_t out, const at::Device& device)
        : original(at::zeros({in, in}, at::TensorOptions(device).dtype(at::kDouble))),
          cross(at::zeros_like(original)),
          shifted(at::zeros_like(original)),
          lost(at::zeros({out, in}, original.options())) {}

    void add(const Rows& rows) {
        for (std::int64_t row = 0; row < rows.x.size(0); row += walkRows) {
            const std::int64_t count = std::min(walkRows, rows.x.size(0) - row);
            const auto wide = [&](const at::Tensor& all) {
                const at::Tensor some = all.narrow(0, row, count).to(at::kDouble);
                return (rows.roots.defined() ? some * rows.roots.narrow(0, row, count) : some)
                    .contiguous();
            };
            const at::Tensor a = wide(rows.x);
            const at::Tensor b = wide(rows.shifted);
            addGram(original, a);
            addGram(shifted, b);
            cross.addmm_(a.t(), b);
            if (rows.lost.defined()) lost.addmm_(wide(rows.lost).t(), b);
        }
    }
};

/// One past the last example of the batch that begins with `first`.
std::size_t endOfBatch(std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                       std::size_t first) {
    std::size_t sourceTokens = 0, targetTokens = 0, end = first;
    while (end < sources.size()) {
        sourceTokens += sources[end].size();
        targetTokens += targets[end].size();
        if (end > first && std::max(sourceTokens, targetTokens) > batchTokens) break;
        ++end;
    }
    return end;
}

}  // namespace

TorchLayerWalk::TorchLayerWalk(const t5::T5Config& config, const backend::WeightSource& source,
                               const Placement& placement, const backend::WalkExamples& examples,
                               const Progress& progress)
    : m_config(config),
      m_source(&source),
      m_placement(placement),
      m_steps(t5::layerGroups(config)) {
    activationNamed(config.denseActFn);  // complains before anything is read
    WeightLoader loader(source, placement, progress, 1);
    const LinearGroup embedding(loader, {"shared"}, {-1}, config.dModel);
    const auto [sources, targets, rarity] = examples;
    checkPairs(sources, targets, embedding.out(0));
    const std::vector<TokenIds> inputs = teacherForced(targets, config.decoderStartTokenId);
    m_sourceWeights = TokenWeights(sources, rarity);
    m_targetWeights = TokenWeights(inputs, rarity);
    for (std::size_t first = 0; first < sources.size();) {
        const std::size_t count = endOfBatch(sources, targets, first) - first;
        addBatch(embedding, sources.subspan(first, count), std::span(inputs).subspan(first, count));
        first += count;
    }
    beginStack(/*decoder=*/false);
}

void TorchLayerWalk::addBatch(const LinearGroup& embedding, std::span<const TokenIds> sources,
                              std::span<const TokenIds> targets) {
    Batch batch;
    batch.sources = Ragged(sources);
    batch.targets = Ragged(targets);
    batch.sourceRoots = m_sourceWeights.roots(sources, m_placement.device);
    batch.targetRoots = m_targetWeights.roots(targets, m_placement.device);
    batch.decoderStream = embedding.weightRows(joinedIds(targets, m_placement.device));
    m_batches.push_back(std::move(batch));
    for (Model* model : {&m_original, &m_compressed})
        model->states.push_back(
            {embedding.weightRows(joinedIds(sources, m_placement.device)), {}, {}});
}

void TorchLayerWalk::beginStack(bool decoder) {
    const t5::Stack stack = decoder ? t5::Stack::Decoder : t5::Stack::Encoder;
    WeightLoader loader(*m_source, m_placement, m_silent, 1);
    const PositionBias bias(
        loader.tensor(t5::positionTableName(stack) + ".weight",
                      {m_config.relativeAttentionNumBuckets, m_config.numHeads}),
        !decoder, m_config.relativeAttentionMaxDistance);
    const std::int64_t heads = m_config.numHeads;
    for (Batch& batch : m_batches) {
        const Ragged& rows = decoder ? batch.targets : batch.sources;
        batch.self = {AttentionPass(m_placement, heads, rows, rows, &bias, /*causal=*/decoder)};
        if (decoder)
            batch.cross = {AttentionPass(m_placement, heads, rows, batch.sources, nullptr,
                                         /*causal=*/false)};
    }
}

std::optional<WalkedGroup> TorchLayerWalk::next(const Progress& progress) {
    return onAllCores("The walk through the layers", [&]() -> std::optional<WalkedGroup> {
        if (m_met > 0 && m_met <= m_steps.size()) pass(m_steps[m_met - 1], progress);
        m_replaced.clear();
        if (m_met >= m_steps.size()) {
            m_met = m_steps.size() + 1;  // the last group can no longer be replaced
            return std::nullopt;
        }
        const t5::LayerGroup& step = m_steps[m_met++];
        progress.report(static_cast<double>(m_met - 1) / static_cast<double>(m_steps.size()),
                        "walking through " + step.modules.front());
        enter(step);
        return moments(step, progress);
    });
}

void TorchLayerWalk::replace(const std::string& module, const backend::LayerWeights& weights) {
    const bool given = m_met > 0 && m_met <= m_steps.size();
    const t5::LayerGroup* step = given ? &m_steps[m_met - 1] : nullptr;
    const auto place = given ? static_cast<std::size_t>(std::ranges::find(step->modules, module) -
                                                        step->modules.begin())
                             : 0;
    if (!given || place == step->modules.size())
        throw Error(fmt::format("{} is not one of the layers just given, so it cannot be "
                                "replaced.",
                                printable(module)),
                    module);
    onAllCores("A replaced layer", [&] {
        const Replacement source(weights);
        WeightLoader loader(source, m_placement, m_silent, 1);
        m_replaced[module] = loader.layer(module, step->out[place], step->in);
    });
}

void TorchLayerWalk::enter(const t5::LayerGroup& step) {
    if (step.norm.empty()) return;
    WeightLoader loader(*m_source, m_placement, m_silent, 1);
    const Norm norm{loader.tensor(step.norm + ".weight", {m_config.dModel}),
                    m_config.layerNormEpsilon};
    const bool scaled = step.next == t5::LayerGroup::Next::End && m_config.outputScale() != 1;
    for (Model* model : {&m_original, &m_compressed})
        for (State& state : model->states) {
            state.input = norm(state.stream);
            if (scaled) state.input.mul_(m_config.outputScale());
        }
}

WalkedGroup TorchLayerWalk::moments(const t5::LayerGroup& step, const Progress& progress) const {
    WalkedGroup group;
    group.modules = step.modules;
    const bool toStream = step.next == t5::LayerGroup::Next::AddToStream;
    Sums sums(step.in, toStream ? step.out.front() : 0, m_placement.device);
    for (std::size_t i = 0; i < m_batches.size(); ++i) {
        throwIfStopped(progress);
        const State& original = m_original.states[i];
        const State& compressed = m_compressed.states[i];
        Rows rows{original.input, compressed.input};
        if (toStream) rows.lost = original.stream - compressed.stream;
        rows.roots = m_inDecoder ? m_batches[i].targetRoots : m_batches[i].sourceRoots;
        group.tokens += rows.x.size(0);
        sums.add(rows);
    }
    for (const at::Tensor& sum : {sums.original, sums.shifted})
        if (!std::isfinite(sum.trace().item<double>()))
            throw Error(fmt::format("The input of {} holds values that are infinite or NaN "
                                    "in the {} model.",
                                    step.modules.front(),
                                    sum.is_same(sums.original) ? "original" : "compressed"),
                        step.modules.front());
    group.original = toMatrix(sums.original);
    group.cross = toMatrix(sums.cross);
    group.shifted = toMatrix(sums.shifted);
    if (toStream) group.lost = toMatrix(sums.lost);
    mirrorUpper(group.original);
    mirrorUpper(group.shifted);
    return group;
}

void TorchLayerWalk::pass(const t5::LayerGroup& step, const Progress& progress) {
    if (step.next == t5::LayerGroup::Next::End) return;
    if (step.next == t5::LayerGroup::Next::Decoder) return beginDecoder(step);
    const LinearGroup original = groupOf(step, 0, step.modules.size(), /*compressed=*/false);
    const LinearGroup compressed = groupOf(step, 0, step.modules.size(), /*compressed=*/true);
    for (std::size_t i = 0; i < m_batches.size(); ++i) {
        throwIfStopped(progress);
        apply(step, original, m_original, m_batches[i], m_original.states[i]);
        apply(step, compressed, m_compressed, m_batches[i], m_compressed.states[i]);
    }
}

void TorchLayerWalk::apply(const t5::LayerGroup& step, const LinearGroup& group, const Model& model,
                           const Batch& batch, State& state) const {
    const std::vector<at::Tensor> outputs = group.all(state.input);
    switch (step.next) {
        case t5::LayerGroup::Next::SelfAttention: {
            const Heads heads(m_inDecoder ? t5::Stack::Decoder : t5::Stack::Encoder, step.block,
                              t5::Sublayer::SelfAttention, m_config, m_placement.device);
            const at::Tensor mixed =
                batch.self.front()(heads.scores.spread(outputs[0]), heads.scores.spread(outputs[1]),
                                   heads.values.spread(outputs[2]));
            state.input = heads.values.gathered(mixed);
            return;
        }
        case t5::LayerGroup::Next::CrossAttention: {
            const Heads heads(t5::Stack::Decoder, step.block, t5::Sublayer::CrossAttention,
                              m_config, m_placement.device);
            const auto keysAndValues = model.keysAndValues[step.block].all(state.encoded);
            const at::Tensor mixed = batch.cross.front()(heads.scores.spread(outputs[0]),
                                                         heads.scores.spread(keysAndValues[0]),
                                                         heads.values.spread(keysAndValues[1]));
            state.input = heads.values.gathered(mixed);
            return;
        }
        case t5::LayerGroup::Next::Activation:
            state.input = activated(activationNamed(m_config.denseActFn), outputs[0]);
            if (outputs.size() == 2) state.input.mul_(outputs[1]);
            return;
        case t5::LayerGroup::Next::AddToStream:
            state.stream.add_(outputs[0]);
            return;
        case t5::LayerGroup::Next::Decoder:
        case t5::LayerGroup::Next::End:
            return;
    }
}

/// The encoder's output and the layers that make keys and values of it are kept.
void TorchLayerWalk::beginDecoder(const t5::LayerGroup& step) {
    for (std::size_t first = 0; first < step.modules.size(); first += 2) {
        m_original.keysAndValues.push_back(groupOf(step, first, 2, /*compressed=*/false));
        m_compressed.keysAndValues.push_back(groupOf(step, first, 2, /*compressed=*/true));
    }
    for (Model* model : {&m_original, &m_compressed})
        for (std::size_t i = 0; i < m_batches.size(); ++i) {
            State& state = model->states[i];
            state.encoded = state.input;
            state.stream = m_batches[i].decoderStream.clone();
        }
    m_inDecoder = true;
    beginStack(/*decoder=*/true);
}

/// Layers first … first + count of a step, as the original or the compressed model has them.
LinearGroup TorchLayerWalk::groupOf(const t5::LayerGroup& step, std::size_t first,
                                    std::size_t count, bool compressed) const {
    WeightLoader loader(*m_source, m_placement, m_silent, 1);
    std::vector<LayerTensors> layers;
    for (std::size_t i = first; i < first + count; ++i) {
        const auto found = m_replaced.find(step.modules[i]);
        layers.push_back(compressed && found != m_replaced.end()
                             ? found->second
                             : loader.layer(step.modules[i], step.out[i], step.in));
    }
    return {layers, m_placement};
}

std::unique_ptr<backend::LayerWalk> openLayerWalk(const t5::T5Config& config,
                                                  const backend::WeightSource& source,
                                                  const backend::Seq2SeqOptions& options,
                                                  const backend::WalkExamples& examples,
                                                  const Progress& progress) {
    return onAllCores("The walk through the layers", [&] {
        return std::make_unique<TorchLayerWalk>(config, source, placementOf(options), examples,
                                                progress);
    });
}

}  // namespace rankscope::torch_backend
