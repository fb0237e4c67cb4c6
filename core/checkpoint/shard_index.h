// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::checkpoint {

/// A model.safetensors.index.json: which file of the folder holds which tensor.
struct ShardIndex {
    std::map<std::string, std::string> fileOfTensor;
    std::vector<std::string> files;  ///< each once, in name order
    std::optional<std::uint64_t> totalSize;
};

/// Parses the index. Shard names must be plain file names of its own folder. Throws Error naming
/// `what` and the entry.
ShardIndex parseShardIndex(std::string_view text, std::string_view what);

/// Reads and parses the index at `path` (64 MiB at most).
ShardIndex readShardIndex(const std::filesystem::path& path);

}  // namespace rankscope::checkpoint
