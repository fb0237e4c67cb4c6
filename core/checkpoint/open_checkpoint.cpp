// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/open_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "core/base/error.h"

namespace rankscope::checkpoint {

namespace fs = std::filesystem;

namespace {

std::string sourceName(const WeightFile& file) { return printable(file.path.filename().string()); }

/// Both paths without links.
bool liesIn(const fs::path& folder, const fs::path& path) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
           folder.end();
}

/// Whether huggingface_hub 2 shares this folder's files among all models of a cache: a marker file
/// in it gives the version of that layout, and 1 is the known one.
bool isSharedBlobStore(const fs::path& blobs) {
    std::string version;
    std::ifstream(blobs / ".huggingface-shared-blobs") >> version;
    return version == "1";
}

}  // namespace

std::string CheckpointBuilder::shown(const fs::path& path) {
    return printable(path.string(), 4096);
}

void CheckpointBuilder::fail(const fs::path& path, const std::string& reason) {
    throw Error(fmt::format("{}: {}.", shown(path), reason), path.string());
}

void CheckpointBuilder::readConfig() {
    const fs::path path = m_result.m_folder / "config.json";
    std::error_code ignored;
    if (fs::symlink_status(path, ignored).type() == fs::file_type::not_found)
        fail(m_result.m_folder,
             "it holds no config.json, which says what the weights are; copy the model's "
             "config.json there");
    const std::string text = readTextFile(path, largestConfig);
    m_result.m_config = parseT5Config(text, shown(path), m_result.m_warnings);
    m_result.m_configJson = parseJson(text, shown(path));
    std::vector<std::string> scripts;
    for (const auto& item : fs::directory_iterator(m_result.m_folder, ignored))
        if (item.path().extension() == ".py") scripts.push_back(item.path().filename().string());
    std::ranges::sort(scripts);
    if (!scripts.empty() && m_result.m_config.modelType != "rankscope_t5")
        warn(fmt::format("{} holds Python files, which are never run: {}.",
                         shown(m_result.m_folder), listNames(scripts)));
}

void CheckpointBuilder::readHeaders() {
    for (const fs::path& path : m_paths) readHeader(path);
    if (m_index) checkAgainstIndex();
}

void CheckpointBuilder::readHeader(const fs::path& path) {
    std::error_code ignored;
    const auto type = fs::symlink_status(path, ignored).type();
    if (type == fs::file_type::not_found && m_index)
        fail(m_indexPath, fmt::format("it names the weights file {}, which is missing; fetch it "
                                      "again",
                                      printable(path.filename().string())));
    if (type == fs::file_type::symlink &&
        fs::status(path, ignored).type() == fs::file_type::not_found)
        fail(path, fmt::format("it is a link to {}, which does not exist; fetch the file again",
                               shown(fs::read_symlink(path, ignored))));
    const FileHandle file = openForReading(path);
    const FileStamp stamp = stampOf(file, path);
    for (const WeightFile& other : m_result.m_files)
        if (other.stamp.device == stamp.device && other.stamp.inode == stamp.inode)
            fail(m_indexPath, fmt::format("{} and {} are the same file under two names",
                                          sourceName(other), printable(path.filename().string())));
    noteOutsideLink(path);
    SafetensorsHeader header = readSafetensorsHeader(file, path);
    std::ranges::move(header.warnings, std::back_inserter(m_result.m_warnings));
    if (m_result.m_files.empty()) m_result.m_metadata = std::move(header.metadata);
    const std::size_t number = m_result.m_files.size();
    m_result.m_files.push_back({path, stamp, header.headerHash});
    for (TensorEntry& tensor : header.tensors) {
        tensor.file = number;
        const auto [place, isNew] = m_found.emplace(tensor.name, tensor);
        if (!isNew)
            fail(m_indexPath, fmt::format("tensor \"{}\" is in two weight files, {} and {}",
                                          printable(tensor.name),
                                          sourceName(m_result.m_files[place->second.file]),
                                          sourceName(m_result.m_files.back())));
    }
}

void CheckpointBuilder::noteOutsideLink(const fs::path& path) {
    std::error_code failure;
    fs::path root = fs::canonical(m_result.m_folder, failure);
    fs::path shared;
    if (root.parent_path().filename() == "snapshots") {  // a Hub cache: blobs/ beside snapshots/
        root = root.parent_path().parent_path();
        if (const fs::path blobs = root.parent_path() / "blobs"; isSharedBlobStore(blobs))
            shared = fs::canonical(blobs, failure);
    }
    const fs::path target = fs::canonical(path, failure);
    if (failure || liesIn(root, target) || (!shared.empty() && liesIn(shared, target))) return;
    warn(
        fmt::format("{} is a link to {}, outside the model's folder.", shown(path), shown(target)));
}

void CheckpointBuilder::checkAgainstIndex() {
    for (const auto& [tensor, fileName] : m_index->fileOfTensor) {
        const auto found = m_found.find(tensor);
        if (found == m_found.end())
            fail(m_indexPath, fmt::format("tensor \"{}\" is listed for {}, but is not in it",
                                          printable(tensor), printable(fileName)));
        const WeightFile& holder = m_result.m_files[found->second.file];
        if (holder.path.filename() != fileName)
            fail(m_indexPath,
                 fmt::format("tensor \"{}\" is listed for {}, but is in {}", printable(tensor),
                             printable(fileName), sourceName(holder)));
    }
    std::vector<std::string> unlisted;
    std::uint64_t bytes = 0;
    for (const auto& [name, tensor] : m_found) {
        bytes += tensor.bytes;
        if (!m_index->fileOfTensor.contains(name)) unlisted.push_back(name);
    }
    if (!unlisted.empty())
        warn(fmt::format("{}: {} tensors of the weight files are not listed in it: {}.",
                         shown(m_indexPath), unlisted.size(), listNames(unlisted)));
    if (m_index->totalSize && *m_index->totalSize != bytes)
        warn(fmt::format("{}: total_size says {} bytes, the tensors have {}.", shown(m_indexPath),
                         *m_index->totalSize, bytes));
}

Checkpoint openCheckpoint(const std::string& nameOrPath) {
    CheckpointBuilder builder(nameOrPath);
    builder.findWeights(locateCheckpoint(nameOrPath));
    builder.readConfig();
    builder.readHeaders();
    builder.matchTensors();
    return builder.take();
}

}  // namespace rankscope::checkpoint
