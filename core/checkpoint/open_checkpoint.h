// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/shard_index.h"
#include "core/checkpoint/t5_tensors.h"

namespace rankscope::checkpoint {

constexpr std::size_t largestConfig = std::size_t{4} << 20U;  ///< bytes of a config file

/// Puts a Checkpoint together, step by step in the order of the public functions; each throws
/// Error naming file, place and what to do.
class CheckpointBuilder {
 public:
    explicit CheckpointBuilder(std::string label) { m_result.m_label = std::move(label); }

    /// Decides which folder and which weight files are meant. (find_weights.cpp)
    void findWeights(const std::filesystem::path& path);
    void readConfig();
    /// Reads the headers of all weight files and checks them against the index.
    void readHeaders();
    /// Compares the tensors with those the config asks for. (match_tensors.cpp)
    void matchTensors();
    Checkpoint take() { return std::move(m_result); }

 private:
    [[noreturn]] static void fail(const std::filesystem::path& path, const std::string& reason);
    void warn(const std::string& sentence) { m_result.m_warnings.push_back(sentence); }
    static std::string shown(const std::filesystem::path& path);

    void useFolder(const std::filesystem::path& folder);
    void useIndex(const std::filesystem::path& path);
    void useFile(const std::filesystem::path& path);
    void notePickles();
    void readHeader(const std::filesystem::path& path);
    void noteOutsideLink(const std::filesystem::path& path);
    void checkAgainstIndex();

    void uniteEmbeddingNames();
    std::int64_t vocabularyRows() const;
    void noteVocabularyAndHead(std::int64_t rows, bool ownHead);
    void checkTokenIds(std::int64_t rows) const;    // (token_ids.cpp)
    void checkGenerationConfig(std::int64_t rows);  // (token_ids.cpp)
    const TensorEntry* find(const std::string& name) const;
    const TensorEntry* use(const std::string& name, const Shape& expected);
    void matchMatrix(WeightMatrix matrix);
    void matchFactors(WeightMatrix& matrix, const TensorEntry& down);
    void reportProblems() const;
    void keepUsedTensors();

    Checkpoint m_result;
    std::vector<std::filesystem::path> m_paths;  // of the weight files, in name order
    std::optional<ShardIndex> m_index;
    std::filesystem::path m_indexPath;
    std::map<std::string, TensorEntry> m_found;  // by name
    std::map<std::string, bool> m_used;          // names that the model consists of
    std::vector<std::string> m_missing;
    std::vector<std::string> m_wrong;  // "… has shape …, expected …"
};

}  // namespace rankscope::checkpoint
