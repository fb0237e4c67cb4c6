// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/checkpoint/open_checkpoint.h"

namespace rankscope::checkpoint {

namespace {

constexpr std::array<const char*, 3> embeddingNames{"shared.weight", "encoder.embed_tokens.weight",
                                                    "decoder.embed_tokens.weight"};

}  // namespace

void CheckpointBuilder::matchTensors() {
    uniteEmbeddingNames();
    const std::int64_t rows = vocabularyRows();
    const bool ownHead =
        find("lm_head.weight") != nullptr || find("lm_head.down.weight") != nullptr;
    noteVocabularyAndHead(rows, ownHead);
    m_result.m_config.tiedHead = !ownHead;
    T5Tensors expected = expectedTensors(m_result.m_config, rows, ownHead);
    for (WeightMatrix& matrix : expected.matrices) matchMatrix(std::move(matrix));
    for (const PlainTensor& tensor : expected.others) use(tensor.name, tensor.shape);
    reportProblems();
    checkTokenIds(rows);
    checkGenerationConfig(rows);
    keepUsedTensors();
}

/// All three names mean the same table (transformers always ties them): kept once as shared.weight.
void CheckpointBuilder::uniteEmbeddingNames() {
    const bool factored = find("shared.down.weight") != nullptr;
    bool known = factored || find(embeddingNames[0]) != nullptr;
    for (const char* alias : {embeddingNames[1], embeddingNames[2]}) {
        auto node = m_found.extract(alias);
        if (node.empty()) continue;
        if (known) {
            warn(fmt::format("{} is not used: the embedding is read from shared.weight.", alias));
            continue;
        }
        node.key() = embeddingNames[0];
        node.mapped().name = embeddingNames[0];
        m_found.insert(std::move(node));
        known = true;
    }
}

std::int64_t CheckpointBuilder::vocabularyRows() const {
    for (const char* name : {"shared.weight", "shared.up.weight", "shared.rows"}) {
        const TensorEntry* tensor = find(name);
        if (tensor != nullptr && !tensor->shape.empty() && tensor->shape[0] > 0)
            return tensor->shape[0];
    }
    return m_result.m_config.vocabSize;
}

void CheckpointBuilder::noteVocabularyAndHead(std::int64_t rows, bool ownHead) {
    const T5Config& config = m_result.m_config;
    if (rows != config.vocabSize)
        warn(
            fmt::format("config.json says vocab_size {}, the embedding has {} rows; the tensor's "
                        "{} rows are used.",
                        config.vocabSize, rows, rows));
    if (ownHead && config.tieWordEmbeddings &&
        !m_result.m_configJson.contains("scale_decoder_outputs"))
        warn(
            "config.json says tie_word_embeddings true, but the file has an lm_head.weight of its "
            "own; that one is used.");
    if (!ownHead && !config.tieWordEmbeddings)
        warn(
            "config.json says tie_word_embeddings false, but the file has no lm_head.weight; the "
            "embedding is used as head.");
}

const TensorEntry* CheckpointBuilder::find(const std::string& name) const {
    const auto found = m_found.find(name);
    return found == m_found.end() ? nullptr : &found->second;
}

/// Takes a tensor into the model, or records what is wrong with it.
const TensorEntry* CheckpointBuilder::use(const std::string& name, const Shape& expected) {
    const TensorEntry* tensor = find(name);
    if (tensor == nullptr) {
        m_missing.push_back(name);
        return nullptr;
    }
    m_used[name] = true;
    const bool order = name.ends_with(".rows");
    if (tensor->shape != expected)
        m_wrong.push_back(fmt::format("tensor {} has shape {}, expected {}", printable(name),
                                      toString(tensor->shape), toString(expected)));
    else if (order ? tensor->dtype != DType::I64 : !isWeightDType(tensor->dtype))
        m_wrong.push_back(fmt::format("tensor {} has type {}, which is not supported there ({})",
                                      printable(name), dtypeName(tensor->dtype),
                                      order ? "I64 is" : "F16, BF16, F32 and F64 are"));
    return tensor;
}

void CheckpointBuilder::matchMatrix(WeightMatrix matrix) {
    const TensorEntry* down = find(matrix.module() + ".down.weight");
    const TensorEntry* dense = find(matrix.name);
    if (dense != nullptr && down != nullptr)
        m_wrong.push_back(fmt::format("tensor {} exists both dense and as factors ({})",
                                      printable(matrix.name), printable(down->name)));
    if (down != nullptr)
        matchFactors(matrix, *down);
    else if (use(matrix.name, {matrix.rows, matrix.columns}) != nullptr)
        matrix.dtype = dense->dtype;
    m_result.m_matrices.push_back(std::move(matrix));
}

void CheckpointBuilder::matchFactors(WeightMatrix& matrix, const TensorEntry& down) {
    const std::string module = matrix.module();
    const std::int64_t rank = down.shape.empty() ? 0 : down.shape[0];
    if (rank < 1 || rank > matrix.fullRank()) {
        m_used[down.name] = true;
        m_wrong.push_back(fmt::format(
            "tensor {} has shape {}, expected [rank, {}] with a rank "
            "from 1 to {}",
            printable(down.name), toString(down.shape), matrix.columns, matrix.fullRank()));
        return;
    }
    matrix.rank = rank;
    matrix.dtype = down.dtype;
    matrix.storage = find(module + ".mix.weight") != nullptr ? Storage::Pivoted : Storage::Factored;
    use(down.name, {rank, matrix.columns});
    if (matrix.storage == Storage::Factored) {
        use(module + ".up.weight", {matrix.rows, rank});
    } else {
        use(module + ".mix.weight", {matrix.rows - rank, rank});
        use(module + ".rows", {matrix.rows});
    }
}

void CheckpointBuilder::reportProblems() const {
    const std::filesystem::path& place = m_index ? m_indexPath : m_result.m_files.front().path;
    if (!m_missing.empty())
        fail(place, fmt::format("{} tensors are missing that config.json asks for: {}; the files "
                                "are incomplete or belong to another model",
                                m_missing.size(), listNames(m_missing)));
    if (m_wrong.empty()) return;
    const T5Config& config = m_result.m_config;
    const std::string more =
        m_wrong.size() > 1 ? fmt::format(" (and {} more like it)", m_wrong.size() - 1) : "";
    fail(place, fmt::format("{}{}; config.json says d_model {}, num_heads x d_kv = {} x {} = {}, "
                            "d_ff {}. Config and weights must be of one model",
                            m_wrong.front(), more, config.dModel, config.numHeads, config.dKv,
                            config.inner(), config.dFf));
}

void CheckpointBuilder::keepUsedTensors() {
    std::vector<std::string> extra;
    for (auto& [name, tensor] : m_found) {
        if (m_used.contains(name)) {
            m_result.m_tensors.push_back(std::move(tensor));
        } else {
            const bool usable = isWeightDType(tensor.dtype);
            extra.push_back(
                usable ? name
                       : fmt::format("{} ({}, not supported)", name, dtypeName(tensor.dtype)));
        }
    }
    if (!extra.empty())
        warn(fmt::format("{} tensors are not part of this T5 and are ignored: {}.", extra.size(),
                         listNames(extra)));
}

}  // namespace rankscope::checkpoint
