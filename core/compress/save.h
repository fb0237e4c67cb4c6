// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/compress/compress_options.h"
#include "core/compress/layer.h"

namespace rankscope::compress {

/// The source of the bytes of one saved tensor: the source's file, or a scratch file with finished
/// bytes of a compressed matrix.
struct OutputTensor {
    checkpoint::TensorToWrite description;
    const checkpoint::TensorEntry* source = nullptr;
    std::filesystem::path scratch;
};

/// Writes the tensors of a finished layer into `folder`, one file each, and lists them.
/// The matrix itself is dropped from memory.
std::vector<OutputTensor> writeScratch(Layer& layer, const std::filesystem::path& folder);

/// The same of one tensor.
OutputTensor writeScratch(FormTensor tensor, const std::filesystem::path& folder);

/// All tensors of the save: those written, and all others of the source (without aliases of
/// the embedding, shared.weight once). Sorted by name.
std::vector<OutputTensor> outputTensors(const checkpoint::Checkpoint& source,
                                        const std::vector<Layer>& layers,
                                        std::vector<OutputTensor> written,
                                        const CompressOptions& options);

/// Bytes that the tensors take.
std::uint64_t bytesOf(const std::vector<OutputTensor>& tensors);

/// Writes model.safetensors, or shards of at most options.shardBytes and their index (last).
/// Each scratch file is removed once its bytes are in the model's file.
/// Returns the SHA-256 of every tensor by name.
std::map<std::string, std::string> writeWeights(const checkpoint::Checkpoint& source,
                                                const std::vector<OutputTensor>& tensors,
                                                const std::map<std::string, std::string>& metadata,
                                                const std::filesystem::path& folder,
                                                const CompressOptions& options,
                                                const Progress& progress);

/// Writes a new file and fsyncs it.
void writeNewFile(const std::filesystem::path& path, std::string_view text);

}  // namespace rankscope::compress
