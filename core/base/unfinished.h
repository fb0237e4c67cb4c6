// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "core/base/file_handle.h"

namespace rankscope {

/// A new file or folder under a name of its own, `<target>.partial-<six letters>`, until it is
/// whole and takes the target's. Locked while it is written, so that others can tell it from a
/// leftover of a killed run (core/base/leftovers.h). Removed with all it holds unless published, by
/// the destructor or by removeUnfinished().
class Unfinished {
 public:
    enum class Kind { File, Folder };

    /// Makes it, empty, with mode 0666 or 0777 & ~umask. Throws Error naming `target`.
    Unfinished(const std::filesystem::path& target, Kind kind);
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    ~Unfinished();

    const std::filesystem::path& path() const { return m_path; }  ///< empty once published
    /// Of a file: open for reading and writing.
    const FileHandle& handle() const { return m_handle; }

    /// Gives it the name `target`; `flags` are those of renameat2. From then on it is not removed.
    /// Returns 0, or errno and nothing has changed.
    int publish(const std::filesystem::path& target, unsigned flags = 0);

 private:
    std::filesystem::path m_path;
    FileHandle m_handle;
};

/// Removes whatever this process has not finished, and lets no thread begin or publish anything
/// after. For exits that run no destructors: end the process next. Never throws.
void removeUnfinished() noexcept;

}  // namespace rankscope
