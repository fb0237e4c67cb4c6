// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/json.h"
#include "core/base/progress.h"

namespace rankscope::evaluate {

/// Finished batches of one phase of one run, kept in the cache folder as JSON lines so that an
/// interrupted evaluation goes on where it was. Every line carries the SHA-256 of its content;
/// from the first torn or damaged line on nothing is believed and the file is cut there. One
/// process at a time writes a journal; a second one works without it.
class EvaluationJournal {
 public:
    /// One that keeps nothing.
    EvaluationJournal() = default;
    /// Opens or begins the journal of everything that decides the results (`key`). What stands in
    /// the way (no cache folder, read-only, in use) is a warning, and nothing is kept.
    EvaluationJournal(const Json& key, const Progress& progress);

    /// What an earlier run wrote of a batch; null where it did not come so far.
    const Json* find(std::size_t batch) const;
    /// Appends a finished batch, on disk when it returns. A full disk is a warning, once.
    void add(std::size_t batch, const Json& content, const Progress& progress);

 private:
    void open(const Json& key, const Progress& progress);
    void readLines(const std::string& text, const Json& key, const Progress& progress);
    void append(const Json& content);

    std::filesystem::path m_path;
    FileHandle m_file;  // open only where batches are kept
    std::map<std::size_t, Json> m_batches;
};

}  // namespace rankscope::evaluate
