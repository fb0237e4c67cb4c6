// SPDX-License-Identifier: Apache-2.0
#include "core/compress/model_config.h"

#include <fmt/format.h>

#include <array>

#include "core/base/error.h"
#include "core/compress/compress_options.h"
#include "core/compress/layer.h"
#include "core/compress/modeling_files.h"
#include "core/compress/storage_forms.h"
#include "core/plan/plan.h"
#include "core/t5/layer_sizes_json.h"

namespace rankscope::compress {

using checkpoint::Checkpoint;
using checkpoint::Storage;
using checkpoint::WeightMatrix;

namespace {

std::string torchName(DType dtype) {
    switch (dtype) {
        case DType::F16:
            return "float16";
        case DType::BF16:
            return "bfloat16";
        case DType::F64:
            return "float64";
        default:
            return "float32";
    }
}

/// "modeling_rankscope_t5" of "modeling_rankscope_t5.py".
std::string pythonModule(std::string_view fileName) {
    return std::string(fileName.substr(0, fileName.size() - 3));
}

void describeModules(Json& config, bool tiedHead, const t5::LayerSizes& sizes,
                     const std::map<std::string, LowRankModule>& modules) {
    Json list = Json::object();
    for (const auto& [name, module] : modules)
        list[name] = {{"storage", checkpoint::storageName(module.storage)}, {"rank", module.rank}};
    const std::string configuration = pythonModule(configurationFileName);
    const std::string modeling = pythonModule(modelingFileName);
    config["model_type"] = "rankscope_t5";
    config["architectures"] = {"RankscopeT5ForConditionalGeneration"};
    config["auto_map"] = {
        {"AutoConfig", configuration + ".RankscopeT5Config"},
        {"AutoModelForSeq2SeqLM", modeling + ".RankscopeT5ForConditionalGeneration"}};
    config["rankscope"] = {
        {"format_version", 1}, {"tied_head", tiedHead}, {"modules", std::move(list)}};
    if (!sizes.empty()) config["rankscope"]["sizes"] = t5::sizesToJson(sizes);
}

Json layerRecord(const plan::PlanEntry& entry, const Layer& layer, const LayerResult& result,
                 const std::map<std::string, std::string>& hashes) {
    Json tensors = Json::object();
    for (const FormTensor& tensor : layer.form.tensors)
        tensors[tensor.description.name] = {{"dtype", dtypeName(tensor.description.dtype)},
                                            {"shape", tensor.description.shape},
                                            {"sha256", hashes.at(tensor.description.name)}};
    Json record = {{"name", result.name},
                   {"shape", {entry.matrix.rows, entry.matrix.columns}},
                   {"rank", result.rank},
                   {"method", entry.method},
                   {"storage", storageName(result)},
                   {"kept", result.kept},
                   {"relative_error", result.relativeError},
                   {"predicted_error", result.predictedError},
                   {"tolerance", layer.tolerance},
                   {"rounding_error", layer.form.rounding},
                   {"tensors", std::move(tensors)}};
    if (result.storage == Storage::Pivoted && !result.kept)
        record["largest_mix"] = layer.largestMix;
    if (!result.note.empty()) record["note"] = result.note;
    return record;
}

}  // namespace

std::map<std::string, LowRankModule> lowRankModules(const Checkpoint& source,
                                                    const std::vector<Layer>& layers) {
    std::map<std::string, LowRankModule> modules;
    for (const WeightMatrix& matrix : source.matrices())
        if (matrix.storage != Storage::Dense)
            modules[matrix.module()] = {matrix.storage, matrix.rank};
    for (const Layer& layer : layers) {
        if (layer.result.kept) continue;
        const std::string module = checkpoint::moduleOf(layer.result.name);
        if (layer.result.storage == Storage::Dense)
            modules.erase(module);
        else
            modules[module] = {layer.result.storage, layer.result.rank};
    }
    return modules;
}

bool needsModelingFiles(const t5::T5Config& made,
                        const std::map<std::string, LowRankModule>& modules) {
    return !modules.empty() || !made.sizes.empty();
}

Json configForSave(const Checkpoint& source, const t5::T5Config& made,
                   const std::map<std::string, LowRankModule>& modules,
                   const CompressOptions& options) {
    Json config = source.configJson();
    const bool wasOurs = source.config().modelType == "rankscope_t5";
    // The source's own code is neither run nor copied, so nothing may point to it.
    config.erase("auto_map");
    config.erase("rankscope");
    if (wasOurs) config["model_type"] = "t5";
    if (!config.contains("architectures") || wasOurs)
        config["architectures"] = {"T5ForConditionalGeneration"};
    // transformers 4 reads only tie_word_embeddings, 5 ties by the file's tensors and scales by
    // scale_decoder_outputs.
    config["tie_word_embeddings"] = source.tiedHead();
    config["scale_decoder_outputs"] = source.config().scaleDecoderOutputs;
    if (const WeightMatrix* table = source.findMatrix("shared.weight"))
        config["vocab_size"] = table->rows;
    if (options.dtype) {
        const char* key = config.contains("dtype") ? "dtype" : "torch_dtype";
        config[key] = torchName(*options.dtype);
        if (config.contains("torch_dtype")) config["torch_dtype"] = torchName(*options.dtype);
    }
    if (made.dKv != source.config().dKv) config["d_kv"] = made.dKv;
    if (made.dFf != source.config().dFf) config["d_ff"] = made.dFf;
    if (needsModelingFiles(made, modules))
        describeModules(config, source.tiedHead(), made.sizes, modules);
    return config;
}

Json provenance(const Checkpoint& source, const std::string& sourceHash,
                const CompressOptions& options, const backend::Device& device) {
    Json record = {{"program", "rankscope"},   {"version", RANKSCOPE_VERSION},
                   {"source", source.label()}, {"source_sha256", sourceHash},
                   {"seed", options.seed},     {"command", options.command},
                   {"dtype", nullptr},         {"device", device.name()}};
    if (options.dtype) record["dtype"] = dtypeName(*options.dtype);
    return record;
}

Json saveRecord(const Json& provenance, const plan::CompressionPlan& plan,
                const std::vector<Layer>& layers, const std::vector<LayerResult>& results,
                const std::map<std::string, std::string>& hashes) {
    Json list = Json::array();
    for (std::size_t i = 0; i < layers.size(); ++i)
        list.push_back(layerRecord(plan.entries[i], layers[i], results[i], hashes));
    Json tensors = Json::object();
    for (const auto& [name, hash] : hashes) tensors[name] = hash;
    return {{"format_version", 1},
            {"provenance", provenance},
            {"layers", std::move(list)},
            {"tensors_sha256", std::move(tensors)}};
}

std::span<const std::string_view> copiedFiles() {
    static constexpr std::array<std::string_view, 6> files{
        "generation_config.json",  "spiece.model",     "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json"};
    return files;
}

}  // namespace rankscope::compress
