// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/checkpoint/checkpoint.h"

namespace rankscope::compress {

/// The folder a save is written into before it takes the target's name:
/// `<name>.partial-<pid>` beside the target. Removed with all it holds unless published.
class TargetFolder {
 public:
    /// Checks the target and makes the partial folder. Throws Error where the target is the
    /// source, lies inside it or contains it (by device and inode), is a symbolic link or a file,
    /// exists without `force`, or its parent is missing or cannot be written.
    TargetFolder(const std::filesystem::path& target, const checkpoint::Checkpoint& source,
                 bool force);
    TargetFolder(const TargetFolder&) = delete;
    TargetFolder& operator=(const TargetFolder&) = delete;
    ~TargetFolder();

    const std::filesystem::path& target() const { return m_target; }
    const std::filesystem::path& partial() const { return m_partial; }

    /// Gives the finished folder the target's name; an existing target is exchanged for it in one
    /// step and then removed. Parent fsynced.
    void publish();

 private:
    std::filesystem::path m_target;   // parent resolved
    std::filesystem::path m_partial;  // empty once published
    bool m_force = false;
};

/// What a save of `bytes` needs: 5 % and 64 MiB more.
std::uint64_t spaceNeeded(std::uint64_t bytes);

/// Throws Error with both figures where fewer than `needed` bytes are free.
void requireSpace(std::uint64_t needed, std::uint64_t free, const std::filesystem::path& folder);

/// Bytes this user may still write on the folder's file system.
std::uint64_t freeSpace(const std::filesystem::path& folder);

}  // namespace rankscope::compress
