// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::checkpoint {

/// A tensor given by the texts of its header entry, so that wrong ones can also be written.
struct RawTensor {
    std::string name;
    std::string dtype;
    std::string shape;  ///< as JSON
    std::string data;
};

/// Length field, header and data, as they are.
std::string fileOf(const std::string& header, const std::string& data);
/// `value` as the 8 bytes of a length field.
std::string lengthField(std::uint64_t value);
/// A file with these tensors one after the other.
std::string fileOf(const std::vector<RawTensor>& tensors);
/// The tensors of the tiny model in F32.
std::vector<RawTensor> tinyRawTensors();

/// Paths below a folder with their contents, to check that nothing was changed.
std::map<std::string, std::string> contentsOf(const std::filesystem::path& folder);

/// Warnings of a checkpoint, one per line.
std::string warningsOf(const Checkpoint& checkpoint);

/// Each test has a complete tiny model in model() and spoils it.
class BadInput : public testing::Test {
 public:
    BadInput();
    const std::filesystem::path& model() const { return m_model; }
    std::filesystem::path weights() const { return m_model / "model.safetensors"; }

    /// Splits the weights into two shards with an index; returns the index's path.
    std::filesystem::path shard();
    std::filesystem::path shardPath(int number) const;  ///< 1 or 2
    /// Rewrites the index after `change`.
    void changeIndex(const std::function<void(Json&)>& change);
    void changeConfig(const std::function<void(Json&)>& change);

    /// Opens `path` and expects an Error that holds every part, and an untouched folder.
    void expectRefused(const std::string& path, const std::vector<std::string>& parts);
    /// Opens model() and expects warnings that hold every part.
    Checkpoint expectOpens(const std::vector<std::string>& warningParts);

 private:
    fixtures::TempFolder m_folder;
    std::filesystem::path m_model;
};

}  // namespace rankscope::checkpoint
