// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/text/dataset/dataset.h"
#include "core/text/dataset/read_dataset.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::text {

/// A file of tests/core/text/datasets, made by make_dataset_fixtures.py.
inline std::filesystem::path fixture(std::string_view name) {
    return std::filesystem::path(DATASET_FOLDER) / name;
}

/// A folder of its own for each test, with ways to write a dataset and read it.
class DatasetTest : public ::testing::Test {
 protected:
    std::filesystem::path write(std::string_view name, std::string_view content) const {
        const std::filesystem::path path = folder() / name;
        std::filesystem::create_directories(path.parent_path());
        // Cutting an existing file short makes some file systems write it out at once.
        std::filesystem::remove(path);
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    Dataset read(std::string_view content, const DatasetOptions& options = {}) const {
        return readDataset(write("data", content), options);
    }
    /// The sentence of the Error; "" if there was none.
    std::string errorOf(const std::filesystem::path& path,
                        const DatasetOptions& options = {}) const {
        try {
            readDataset(path, options);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    std::string errorOfText(std::string_view content, const DatasetOptions& options = {}) const {
        return errorOf(write("data", content), options);
    }
    std::filesystem::path folder() const { return m_folder.path(); }

 private:
    fixtures::TempFolder m_folder;
};

inline std::vector<std::string> idsOf(const Dataset& dataset) {
    std::vector<std::string> ids;
    for (const Example& example : dataset.examples) ids.push_back(example.id);
    return ids;
}

/// "3: The field …" of each bad row.
inline std::vector<std::string> badRowsOf(const Dataset& dataset) {
    std::vector<std::string> rows;
    for (const BadRow& bad : dataset.badRows)
        rows.push_back(std::to_string(bad.line) + ": " + bad.reason);
    return rows;
}

}  // namespace rankscope::text
