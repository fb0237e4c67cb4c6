// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/compress/layer.h"
#include "core/evaluate/summarizer.h"

namespace rankscope::evaluate {

using backend::LayerWeights;
using backend::Tensor;

namespace {

std::vector<std::int64_t> rowNumbers(std::span<const std::byte> bytes) {
    std::vector<std::int64_t> rows(bytes.size() / sizeof(std::int64_t));
    std::memcpy(rows.data(), bytes.data(), rows.size() * sizeof(std::int64_t));
    return rows;
}

/// Puts a stored tensor where its name says.
void place(LayerWeights& weights, std::string_view suffix, Tensor tensor) {
    if (suffix == ".weight") weights.dense = std::move(tensor);
    if (suffix == ".down.weight") weights.down = std::move(tensor);
    if (suffix == ".up.weight") weights.up = std::move(tensor);
    if (suffix == ".mix.weight") weights.mix = std::move(tensor);
    if (suffix == ".rows") weights.rows = rowNumbers(tensor.bytes);
}

std::vector<std::string_view> suffixesOf(checkpoint::Storage storage) {
    switch (storage) {
        case checkpoint::Storage::Factored:
            return {".down.weight", ".up.weight"};
        case checkpoint::Storage::Pivoted:
            return {".down.weight", ".mix.weight", ".rows"};
        case checkpoint::Storage::Dense:
            break;
    }
    return {".weight"};
}

}  // namespace

LayerWeights CheckpointWeights::matrix(const std::string& module) const {
    const checkpoint::WeightMatrix* matrix = m_checkpoint->findMatrix(module + ".weight");
    if (matrix == nullptr)
        throw Error(fmt::format("{} has no matrix {}.", printable(m_checkpoint->label()),
                                printable(module)),
                    module);
    LayerWeights weights;
    for (const std::string_view suffix : suffixesOf(matrix->storage))
        place(weights, suffix, tensor(fmt::format("{}{}", module, suffix)));
    return weights;
}

Tensor CheckpointWeights::tensor(const std::string& name) const {
    const checkpoint::TensorEntry* entry = m_checkpoint->findTensor(name);
    if (entry == nullptr)
        throw Error(
            fmt::format("{} has no tensor {}.", printable(m_checkpoint->label()), printable(name)),
            name);
    return {entry->dtype, entry->shape, m_checkpoint->readBytes(*entry)};
}

PlannedWeights::PlannedWeights(const checkpoint::Checkpoint& checkpoint,
                               const compress::CompressionPlan& plan, const backend::Device& device,
                               const backend::Backend& backend)
    : m_source(checkpoint),
      m_checkpoint(&checkpoint),
      m_plan(&plan),
      m_device(device),
      m_backend(&backend) {}

LayerWeights PlannedWeights::matrix(const std::string& module) const {
    const auto entry = std::ranges::find_if(
        m_plan->entries, [&](const compress::PlanEntry& e) { return e.matrix.module() == module; });
    if (entry == m_plan->entries.end() || entry->kept) return m_source.matrix(module);
    compress::CompressOptions options;
    options.device = m_device;
    compress::Layer layer =
        compress::makeLayer(*m_checkpoint, *m_plan, *entry, options, *m_backend);
    if (layer.result.kept) return m_source.matrix(module);
    LayerWeights weights;
    for (compress::FormTensor& tensor : layer.form.tensors)
        place(weights, std::string_view(tensor.description.name).substr(module.size()),
              {tensor.description.dtype, tensor.description.shape, std::move(tensor.bytes)});
    return weights;
}

Tensor PlannedWeights::tensor(const std::string& name) const { return m_source.tensor(name); }

backend::T5Dimensions dimensionsOf(const checkpoint::Checkpoint& checkpoint) {
    const checkpoint::T5Config& config = checkpoint.config();
    backend::T5Dimensions dimensions;
    dimensions.dModel = config.dModel;
    dimensions.dKv = config.dKv;
    dimensions.dFf = config.dFf;
    dimensions.numHeads = config.numHeads;
    dimensions.encoderLayers = config.numLayers;
    dimensions.decoderLayers = config.numDecoderLayers;
    dimensions.relativeAttentionNumBuckets = config.relativeAttentionNumBuckets;
    dimensions.relativeAttentionMaxDistance = config.relativeAttentionMaxDistance;
    dimensions.layerNormEpsilon = config.layerNormEpsilon;
    dimensions.activation = config.denseActFn;
    dimensions.gated = config.isGatedAct;
    dimensions.tiedHead = checkpoint.tiedHead();
    if (config.scaleDecoderOutputs)
        dimensions.outputScale = 1 / std::sqrt(static_cast<double>(config.dModel));
    dimensions.padToken = config.padTokenId;
    dimensions.eosToken = config.eosTokenId;
    dimensions.startToken = config.decoderStartTokenId;
    return dimensions;
}

}  // namespace rankscope::evaluate
