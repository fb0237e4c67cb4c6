// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/base/file_identity.h"

namespace rankscope {

/// Announces what will be replaced: a file, or the files directly in a folder. As long as it lives,
/// openForReading() refuses them, by device and inode, so under any name, link or hard link. Made
/// before anything is read, it keeps every file that is read from being replaced.
class OutputClaim {
 public:
    /// Claims nothing if `path` is empty or does not exist yet.
    explicit OutputClaim(std::filesystem::path path);
    OutputClaim(const OutputClaim&) = delete;
    OutputClaim& operator=(const OutputClaim&) = delete;
    ~OutputClaim();

    const std::filesystem::path& path() const { return m_path; }
    bool holds(const FileIdentity& file) const;

 private:
    std::filesystem::path m_path;
    std::vector<FileIdentity> m_files;
};

/// The claimed output that this file is, or is in; nothing if it is not such a file.
std::optional<std::filesystem::path> claimedOutput(const FileIdentity& file);

}  // namespace rankscope
