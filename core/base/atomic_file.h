// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/base/file_handle.h"
#include "core/base/unfinished.h"

namespace rankscope {

/// Identifies a file's content without reading it.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;                ///< bytes
    std::int64_t modifiedNanoseconds = 0;  ///< since the epoch
    bool operator==(const FileStamp&) const = default;
};

/// Opens an existing regular file for reading, never blocking on a FIFO or device.
/// Throws Error naming the file and the reason; also if it is to be replaced (OutputClaim).
FileHandle openForReading(const std::filesystem::path& path);

/// Stamp of an open file.
FileStamp stampOf(const FileHandle& file, const std::filesystem::path& path);

/// Reads exactly `bytes.size()` bytes at `offset`; throws Error if the file ends before.
void readExactly(const FileHandle& file, std::span<std::byte> bytes, std::uint64_t offset,
                 const std::filesystem::path& path);

/// A new file that becomes visible under its final name only by commit(): written under a
/// temporary name in the same folder, fsynced, renamed, folder fsynced. Destroyed without commit,
/// it leaves nothing. Mode 0666 & ~umask. Refuses a target that is a symbolic link.
class AtomicFile {
 public:
    explicit AtomicFile(std::filesystem::path target);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    const std::filesystem::path& temporaryPath() const { return m_unfinished.path(); }
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    /// Throws Error (and removes the temporary file) if a byte could not be stored.
    void commit();

 private:
    std::filesystem::path m_target;
    Unfinished m_unfinished;
};

/// AtomicFile in one call.
void writeFileAtomically(const std::filesystem::path& target, std::string_view text);

/// Writes all bytes, repeating short writes; throws Error naming `path` on ENOSPC, EDQUOT, EIO ….
void writeAll(const FileHandle& file, std::span<const std::byte> bytes,
              const std::filesystem::path& path);

/// fsync of a file or folder; throws Error. After a failure treat the file as lost.
void syncFile(const FileHandle& file, const std::filesystem::path& path);
void syncFolder(const std::filesystem::path& folder);

}  // namespace rankscope
