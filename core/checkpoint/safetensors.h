// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/tensor_view.h"

namespace rankscope::checkpoint {

/// The place of one tensor in a safetensors file.
struct TensorEntry {
    std::string name;
    DType dtype = DType::F32;
    Shape shape;
    std::uint64_t offset = 0;  ///< of the first byte, from the start of the file
    std::uint64_t bytes = 0;
    std::size_t file = 0;  ///< which of the checkpoint's files
};

struct SafetensorsHeader {
    std::vector<TensorEntry> tensors;             ///< in file order
    std::map<std::string, std::string> metadata;  ///< "__metadata__"
    std::uint64_t dataStart = 0;                  ///< bytes before the first tensor
    std::vector<std::string> warnings;            ///< e.g. leading spaces before the header
    std::string headerHash;                       ///< SHA-256 of the header's JSON text
};

/// Largest header the format permits, bytes.
constexpr std::uint64_t largestHeader = 100'000'000;

/// Parses the header's JSON text. `fileSize` and `dataStart` bound the offsets.
/// Rules: docs/formats.md (those of the format's reference implementation, and duplicate names
/// refused). Throws Error naming `what`, the tensor and the reason.
SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t dataStart,
                                         std::uint64_t fileSize, std::string_view what);

/// Reads length and header of an open file; no weight byte is read.
SafetensorsHeader readSafetensorsHeader(const FileHandle& file, const std::filesystem::path& path);

/// A tensor to be written: its values are asked for when its turn comes, so that a whole model is
/// never in memory at once.
struct TensorToWrite {
    std::string name;
    DType dtype = DType::F32;
    Shape shape;
};

/// Writes one safetensors file front to back. Tensors are ordered as the reference does (element
/// types in falling order of DType, so the widest first, then names), the header is padded with
/// spaces to 8 bytes, and metadata always holds {"format": "pt"}.
class SafetensorsWriter {
 public:
    /// Reserves the whole file and writes the header. `path` must not exist. Throws Error if it
    /// does, if there is no room, and for a name that is repeated, reserved or not UTF-8.
    SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                      std::map<std::string, std::string> metadata);
    /// The order in which write() must be called.
    std::span<const TensorToWrite> order() const { return m_tensors; }
    /// Bytes of the next tensor in order(); throws Error if their number is wrong.
    void write(std::span<const std::byte> bytes);
    /// fsync and close; throws Error if a tensor is missing. Returns the file's size in bytes.
    std::uint64_t finish();

 private:
    std::filesystem::path m_path;
    std::vector<TensorToWrite> m_tensors;
    FileHandle m_file;
    std::size_t m_next = 0;
    std::uint64_t m_written = 0;
};

}  // namespace rankscope::checkpoint
