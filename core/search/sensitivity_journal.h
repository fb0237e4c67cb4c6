// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/json.h"
#include "core/base/progress.h"

namespace rankscope::search {

/// Losses measured so far, in a file of JSON lines, so that an interrupted search goes on where it
/// was. The first line is what decides the losses (`key`), every other one
/// {"matrix": name, "rank": r, "loss": number or null}. A last line that is torn is cut off.
class SensitivityJournal {
 public:
    /// One that keeps nothing.
    SensitivityJournal() = default;
    /// Opens or begins the file. Throws Error where it cannot be written, is in use, or belongs to
    /// another search.
    SensitivityJournal(std::filesystem::path path, const Json& key, const Progress& progress);

    /// What an earlier run measured: a loss, NaN where there was none; nothing where it did not
    /// come so far.
    std::optional<double> find(const std::string& matrix, std::int64_t rank) const;
    /// Appends a loss, on disk when it returns.
    void add(const std::string& matrix, std::int64_t rank, double loss);

 private:
    void readLines(const std::string& text, const Json& key, const Progress& progress);
    bool readLine(const Json& line);
    void append(const Json& line);

    std::filesystem::path m_path;
    FileHandle m_file;  // open only where losses are kept
    std::map<std::pair<std::string, std::int64_t>, double> m_losses;
};

}  // namespace rankscope::search
