// SPDX-License-Identifier: Apache-2.0
#include "core/compress/save.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/compress/compress_options.h"
#include "core/compress/layer.h"
#include "core/compress/storage_forms.h"

namespace rankscope::compress {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using checkpoint::TensorEntry;

namespace {

constexpr std::string_view embedding = "shared.weight";
constexpr std::array<std::string_view, 2> embeddingAliases{"encoder.embed_tokens.weight",
                                                           "decoder.embed_tokens.weight"};
// Old checkpoints hold this table although cross attention has no position bias.
constexpr std::string_view ignoredTable =
    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

FileHandle createFile(const fs::path& path) {
    FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file)
        throw Error(fmt::format("{} cannot be made: {}. Choose another place.",
                                printable(path.string(), 4096), errnoText(errno)),
                    path.string());
    return file;
}

std::vector<std::byte> readWholeFile(const fs::path& path) {
    const FileHandle file = openForReading(path);
    std::vector<std::byte> bytes(stampOf(file, path).size);
    readExactly(file, bytes, 0, path);
    return bytes;
}

/// The name of a source tensor in the save; empty if it is left out.
std::string savedName(const Checkpoint& source, const std::string& name) {
    if (name == ignoredTable) return {};
    for (const std::string_view alias : embeddingAliases) {
        if (name != alias) continue;
        const bool first =
            source.findTensor(embedding) == nullptr &&
            (alias == embeddingAliases[0] || source.findTensor(embeddingAliases[0]) == nullptr);
        return first ? std::string(embedding) : std::string();
    }
    return name;
}

std::uint64_t bytesOf(const checkpoint::TensorToWrite& tensor) {
    return static_cast<std::uint64_t>(elementCount(tensor.shape).value_or(0)) *
           static_cast<std::uint64_t>(bitsPerElement(tensor.dtype)) / 8;
}

std::vector<std::byte> bytesFor(const Checkpoint& source, const OutputTensor& tensor) {
    if (tensor.source == nullptr) return readWholeFile(tensor.scratch);
    std::vector<std::byte> bytes = source.readBytes(*tensor.source);
    if (tensor.source->dtype == tensor.description.dtype) return bytes;
    return roundTo(tensor.description.dtype, toFloat64(tensor.source->dtype, bytes),
                   tensor.source->name);
}

/// Tensors in name order, cut before a file exceeds the limit.
std::vector<std::vector<const OutputTensor*>> intoShards(const std::vector<OutputTensor>& tensors,
                                                         std::uint64_t limit) {
    std::vector<std::vector<const OutputTensor*>> shards(1);
    std::uint64_t filled = 0;
    for (const OutputTensor& tensor : tensors) {
        const std::uint64_t bytes = bytesOf(tensor.description);
        if (!shards.back().empty() && filled + bytes > limit) {
            shards.emplace_back();
            filled = 0;
        }
        shards.back().push_back(&tensor);
        filled += bytes;
    }
    return shards;
}

std::string shardName(std::size_t index, std::size_t count) {
    return count == 1 ? "model.safetensors"
                      : fmt::format("model-{:05}-of-{:05}.safetensors", index + 1, count);
}

/// The SHA-256 of every tensor written, by name.
std::map<std::string, std::string> writeShard(const Checkpoint& source,
                                              const std::vector<const OutputTensor*>& shard,
                                              const std::map<std::string, std::string>& metadata,
                                              const fs::path& path, const Progress& progress) {
    std::map<std::string, std::string> hashes;
    std::vector<checkpoint::TensorToWrite> descriptions;
    std::map<std::string, const OutputTensor*> byName;
    for (const OutputTensor* tensor : shard) {
        descriptions.push_back(tensor->description);
        byName[tensor->description.name] = tensor;
    }
    checkpoint::SafetensorsWriter writer(path, std::move(descriptions), metadata);
    for (const checkpoint::TensorToWrite& next : writer.order()) {
        throwIfStopped(progress);
        const OutputTensor& tensor = *byName.at(next.name);
        const std::vector<std::byte> bytes = bytesFor(source, tensor);
        hashes[next.name] = sha256Hex(bytes);
        writer.write(bytes);
        if (!tensor.scratch.empty()) fs::remove(tensor.scratch);
    }
    writer.finish();
    return hashes;
}

}  // namespace

void writeNewFile(const fs::path& path, std::string_view text) {
    const FileHandle file = createFile(path);
    writeAll(file, std::as_bytes(std::span(text)), path);
    syncFile(file, path);
}

OutputTensor writeScratch(FormTensor tensor, const fs::path& folder) {
    // The name is the source's own and may hold any character; the hash never does.
    const std::span name(tensor.description.name);
    fs::path path = folder / sha256Hex(std::as_bytes(name));
    const FileHandle file = createFile(path);
    writeAll(file, tensor.bytes, path);
    return {std::move(tensor.description), nullptr, std::move(path)};
}

std::vector<OutputTensor> writeScratch(Layer& layer, const fs::path& folder) {
    std::vector<OutputTensor> written;
    for (FormTensor& tensor : layer.form.tensors)
        written.push_back(
            writeScratch({tensor.description, std::exchange(tensor.bytes, {})}, folder));
    return written;
}

std::vector<OutputTensor> outputTensors(const Checkpoint& source, const std::vector<Layer>& layers,
                                        std::vector<OutputTensor> written,
                                        const CompressOptions& options) {
    std::set<std::string> replaced;
    for (const Layer& layer : layers) {
        if (layer.result.kept) continue;
        const std::string module = checkpoint::moduleOf(layer.result.name);
        for (const char* part : {".weight", ".down.weight", ".up.weight", ".mix.weight", ".rows"})
            replaced.insert(module + part);
    }
    for (const OutputTensor& tensor : written) replaced.insert(tensor.description.name);
    std::vector<OutputTensor> tensors = std::move(written);
    for (const TensorEntry& entry : source.tensors()) {
        const std::string name = savedName(source, entry.name);
        if (name.empty() || replaced.contains(name)) continue;
        const DType dtype =
            isWeightDType(entry.dtype) ? options.dtype.value_or(entry.dtype) : entry.dtype;
        tensors.push_back({{name, dtype, entry.shape}, &entry, {}});
    }
    std::ranges::sort(tensors, {}, [](const OutputTensor& t) { return t.description.name; });
    return tensors;
}

std::uint64_t bytesOf(const std::vector<OutputTensor>& tensors) {
    std::uint64_t sum = 0;
    for (const OutputTensor& tensor : tensors) sum += bytesOf(tensor.description);
    return sum;
}

std::map<std::string, std::string> writeWeights(const Checkpoint& source,
                                                const std::vector<OutputTensor>& tensors,
                                                const std::map<std::string, std::string>& metadata,
                                                const fs::path& folder,
                                                const CompressOptions& options,
                                                const Progress& progress) {
    const auto shards = intoShards(tensors, options.shardBytes);
    std::map<std::string, std::string> hashes;
    Json weightMap = Json::object();
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const std::string name = shardName(i, shards.size());
        progress.report(0.6 + 0.2 * static_cast<double>(i) / static_cast<double>(shards.size()),
                        "writing " + name);
        hashes.merge(writeShard(source, shards[i], metadata, folder / name, progress));
        for (const OutputTensor* tensor : shards[i]) weightMap[tensor->description.name] = name;
    }
    if (shards.size() > 1) {
        const Json index = {{"metadata", {{"total_size", bytesOf(tensors)}}},
                            {"weight_map", std::move(weightMap)}};
        writeNewFile(folder / "model.safetensors.index.json", index.dump(2) + "\n");
    }
    return hashes;
}

}  // namespace rankscope::compress
