// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/base/unfinished.h"

namespace rankscope {

/// A kind of folder that Rankscope writes.
struct FolderKind {
    std::string_view what;  ///< "checkpoint that Rankscope wrote"
    /// Whether the folder's record says that Rankscope wrote it.
    bool (*isOurs)(const std::filesystem::path& folder);
    /// Whether a file of this name may belong to it.
    bool (*isOwnFile)(std::string_view name);
};

/// Whether the JSON file holds an object for which `test` is true. False for any other file.
bool recordHolds(const std::filesystem::path& file, bool (*test)(const Json& record));

/// Checks the target before any work is done. Returns it with its parent resolved. Throws Error if
/// it is one of the folders `sources` that are read, lies inside one or contains one (by device and
/// inode), is a symbolic link or a file, its parent is missing, or it exists without `force`. With
/// `force` a folder is replaced only if it is empty, or Rankscope wrote it and it holds nothing
/// else.
std::filesystem::path requireTarget(const std::filesystem::path& target, const FolderKind& kind,
                                    std::span<const std::filesystem::path> sources, bool force);

/// The folder a save is written into before it takes the target's name (Unfinished). Removed with
/// all it holds unless published.
class AtomicFolder {
 public:
    /// Checks the target, removes what killed runs left of it, and makes the partial folder. Throws
    /// Error as requireTarget() does, and if the parent cannot be written.
    AtomicFolder(const std::filesystem::path& target, const FolderKind& kind,
                 std::span<const std::filesystem::path> sources, bool force,
                 const Progress& progress);

    const std::filesystem::path& target() const { return m_target; }
    const std::filesystem::path& partial() const { return m_unfinished->path(); }

    /// Gives the finished folder the target's name; an existing target is exchanged for it in one
    /// step and then removed, except for anything that came into it meanwhile: that is kept under
    /// another name, which a warning gives. Parent fsynced.
    void publish(const Progress& progress);

 private:
    void removeReplaced(const std::filesystem::path& old, const Progress& progress) const;

    std::filesystem::path m_target;  // parent resolved
    const FolderKind& m_kind;
    bool m_force = false;
    std::optional<Unfinished> m_unfinished;
};

/// The space that a save of `bytes` needs: 5 % and 64 MiB more.
std::uint64_t spaceNeeded(std::uint64_t bytes);

/// Throws Error with both figures if fewer than `needed` bytes are free.
void requireSpace(std::uint64_t needed, std::uint64_t free, const std::filesystem::path& folder);

/// Bytes this user may still write on the folder's file system.
std::uint64_t freeSpace(const std::filesystem::path& folder);

}  // namespace rankscope
