// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/json.h"
#include "core/base/progress.h"

namespace rankscope {

/// Finished parts of long work, in a file of JSON lines, so that an interrupted run goes on where
/// it was (docs/formats.md "Journals"). Every line carries the SHA-256 of its content; the first
/// one holds what decides the results (`key`). Everything from the first torn or damaged line on is
/// ignored, and the file is cut there. Only one process at a time can have a journal open.
class Journal {
 public:
    /// One that keeps nothing.
    Journal() = default;
    /// Opens or begins the file. Warns about a damaged part. Throws Error if it cannot be written,
    /// is in use, or was begun with another key.
    Journal(std::filesystem::path path, const Json& key, const Progress& progress);

    bool isOpen() const { return static_cast<bool>(m_file); }
    /// The entries that earlier runs wrote, in order.
    std::span<const Json> entries() const { return m_entries; }
    /// On disk when it returns. Does nothing if the journal is not open. Throws Error, e.g. on a
    /// full disk; the journal is closed then.
    void append(const Json& entry);

    /// The file's name for a key: its SHA-256 and ".jsonl".
    static std::string fileName(const Json& key);

 private:
    void readLines(const Json& key, const Progress& progress);
    void write(const Json& content);

    std::filesystem::path m_path;
    FileHandle m_file;
    std::vector<Json> m_entries;
};

}  // namespace rankscope
