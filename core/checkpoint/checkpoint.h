// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/t5_config.h"
#include "core/checkpoint/weight_matrix.h"

namespace rankscope::checkpoint {

/// One safetensors file of a checkpoint.
struct WeightFile {
    std::filesystem::path path;  ///< as opened (inside the folder; may be a link)
    FileStamp stamp;
    std::string headerHash;  ///< SHA-256 of the header bytes
};

/// A model opened for reading: named tensors (read on demand), config, and the list of weight
/// matrices. Immutable; cheap to copy parts of, safe to read from several threads at once.
class Checkpoint {
 public:
    const std::string& label() const { return m_label; }              ///< as the user named it
    const std::filesystem::path& folder() const { return m_folder; }  ///< with config.json
    const T5Config& config() const { return m_config; }
    /// config.json as read, for copying into a save.
    const Json& configJson() const { return m_configJson; }
    std::span<const WeightFile> files() const { return m_files; }
    std::span<const TensorEntry> tensors() const { return m_tensors; }     ///< sorted by name
    std::span<const WeightMatrix> matrices() const { return m_matrices; }  ///< model order
    const std::vector<std::string>& warnings() const { return m_warnings; }

    const TensorEntry* findTensor(std::string_view name) const;
    const WeightMatrix* findMatrix(std::string_view name) const;

    /// Stored numbers, tied tensors once, index tensors (`rows` of pivoted matrices) not counted.
    std::int64_t parameterCount() const;
    /// Numbers in the model if every matrix is dense.
    std::int64_t denseParameterCount() const;
    /// Bytes of all weight files.
    std::uint64_t byteCount() const;
    /// True if the head is the embedding (no lm_head.weight in the file).
    bool tiedHead() const;
    /// Metadata of the first weight file ("__metadata__"), provenance of a compressed save.
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }

    /// Stored bytes of a tensor. Throws Error if the file changed since it was opened.
    std::vector<std::byte> readBytes(const TensorEntry& tensor) const;
    /// The matrix as float64 [rows, columns]; factors are multiplied out.
    Matrix readMatrix(const WeightMatrix& matrix) const;
    /// A 1-D or 2-D tensor as float64; a vector is [1, n].
    Matrix readTensor(const TensorEntry& tensor) const;

    /// Identifies the files without reading weights: SHA-256 over header hashes, sizes and
    /// modification times. Changes when a file is replaced or written to.
    std::string fingerprint() const;
    /// SHA-256 over all bytes of all weight files, in name order. Reads everything.
    std::string contentHash(const Progress& progress) const;

 private:
    friend class CheckpointBuilder;
    std::string m_label;
    std::filesystem::path m_folder;
    T5Config m_config;
    Json m_configJson;
    std::vector<WeightFile> m_files;
    std::vector<TensorEntry> m_tensors;
    std::vector<WeightMatrix> m_matrices;
    std::map<std::string, std::string> m_metadata;
    std::vector<std::string> m_warnings;
};

/// Opens a CHECKPOINT as docs/formats.md describes: a folder, a weights file with its config.json
/// beside it, "demo", or a Hub id found in the local Hub cache. Reads headers only.
/// Throws Error naming file, place and what to do.
Checkpoint openCheckpoint(const std::string& nameOrPath);

/// The folder or file that a name means (HF_HUB_CACHE / HF_HOME rules; never the network).
std::filesystem::path locateCheckpoint(const std::string& nameOrPath);

/// The folders that its files are read from: config.json's, and each weight file's, links followed.
std::vector<std::filesystem::path> foldersOf(const Checkpoint& checkpoint);

}  // namespace rankscope::checkpoint
