// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rankscope::text {

/// One text to summarise.
struct Example {
    std::string id;                       ///< as in the file, else its position from 0
    std::string source;                   ///< the dialogue, line ends unchanged
    std::vector<std::string> references;  ///< summaries; several in DialogSum's test set
};

/// A row that is not an example, and why.
struct BadRow {
    std::int64_t line = 0;  ///< of the file, from 1; of the array's element if JSON has no lines
    std::string reason;     ///< a sentence
};

struct DatasetOptions {
    std::string sourceField;     ///< empty: recognised, see knownFields in dataset_rows.cpp
    std::string targetField;     ///< empty: recognised
    bool needReferences = true;  ///< false: rows without a summary are examples too
    std::string split = "test";  ///< of corpus.7z and of folders that hold several
    std::int64_t limit = 0;      ///< examples to read at most; 0: all
};

struct Dataset {
    std::filesystem::path file;
    std::string
        format;  ///< "JSON", "JSON lines", "CSV", "7z", "Arrow stream", "Arrow file", "Parquet"
    std::string sourceField, targetField;
    std::vector<Example> examples;
    std::vector<BadRow> badRows;    ///< never dropped silently: shown with their lines
    std::int64_t duplicateIds = 0;  ///< kept, counted
    std::string hash;  ///< SHA-256 of the file; of the concatenated hashes for several files
    std::vector<std::string> warnings;
};

}  // namespace rankscope::text
