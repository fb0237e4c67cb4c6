// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/checkpoint/open_checkpoint.h"

namespace rankscope::checkpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view indexName = "model.safetensors.index.json";

/// Also true for a dangling link, so that it is reported and not overlooked.
bool nameExists(const fs::path& path) {
    std::error_code ignored;
    const auto type = fs::symlink_status(path, ignored).type();
    return type != fs::file_type::not_found && type != fs::file_type::none;
}

bool isPickle(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.ends_with(".bin") || name.ends_with(".bin.index.json") || name.ends_with(".pt") ||
           name.ends_with(".pth") || name.ends_with(".ckpt");
}

std::vector<std::string> namesEndingWith(const fs::path& folder, std::string_view ending) {
    std::vector<std::string> names;
    std::error_code failure;
    for (const auto& item : fs::directory_iterator(folder, failure)) {
        const std::string name = item.path().filename().string();
        if (name.ends_with(ending)) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

std::string conversionAdvice(const fs::path& folder) {
    const std::string name = printable(folder.string(), 4096);
    return fmt::format(
        "PyTorch's pickled form is not read; convert it on a machine with transformers: python3 "
        "-c \"from transformers import AutoModelForSeq2SeqLM as M; "
        "M.from_pretrained('{0}').save_pretrained('{0}-safetensors', safe_serialization=True)\"",
        name);
}

}  // namespace

void CheckpointBuilder::findWeights(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
        useFolder(path);
    else if (path.filename() == "config.json")
        useFolder(path.has_parent_path() ? path.parent_path() : ".");
    else
        useFile(path);
    notePickles();
}

void CheckpointBuilder::useFolder(const fs::path& folder) {
    m_result.m_folder = folder;
    const fs::path single = folder / "model.safetensors";
    if (nameExists(single)) {
        m_paths = {single};
        if (nameExists(folder / indexName))
            warn(fmt::format("{} holds model.safetensors and {}; model.safetensors is used.",
                             shown(folder), indexName));
        return;
    }
    if (nameExists(folder / indexName)) return useIndex(folder / indexName);
    std::error_code failure;
    const fs::directory_iterator readable(folder, failure);
    if (failure) fail(folder, fmt::format("it cannot be read: {}", failure.message()));
    const auto pickles = namesEndingWith(folder, ".bin");
    if (!pickles.empty())
        fail(folder / pickles.front(),
             "the folder holds its weights only as .bin. " + conversionAdvice(folder));
    const auto others = namesEndingWith(folder, ".safetensors");
    if (!others.empty())
        fail(folder, fmt::format("it holds no model.safetensors; name one of its files to open it: "
                                 "{}",
                                 listNames(others)));
    fail(folder, fmt::format("it holds neither model.safetensors nor {}; a model's folder as "
                             "transformers saves it is expected",
                             indexName));
}

void CheckpointBuilder::useIndex(const fs::path& path) {
    m_result.m_folder = path.has_parent_path() ? path.parent_path() : ".";
    m_indexPath = path;
    m_index = readShardIndex(path);
    for (const std::string& name : m_index->files) m_paths.push_back(m_result.m_folder / name);
}

void CheckpointBuilder::useFile(const fs::path& path) {
    m_result.m_folder = path.has_parent_path() ? path.parent_path() : ".";
    if (isPickle(path)) {
        openForReading(path);  // reports a missing file as such
        fail(path, "it is not a safetensors file. " + conversionAdvice(m_result.m_folder));
    }
    if (path.filename().string().ends_with(".index.json")) return useIndex(path);
    const fs::path index = m_result.m_folder / indexName;
    if (nameExists(index)) {
        useIndex(index);
        if (std::ranges::find(m_paths, m_result.m_folder / path.filename()) != m_paths.end())
            return;  // one shard names the whole model
        m_index.reset();
        m_indexPath.clear();
    }
    m_paths = {path};
}

void CheckpointBuilder::notePickles() {
    const auto pickles = namesEndingWith(m_result.m_folder, ".bin");
    if (!pickles.empty())
        warn(fmt::format("{} also holds {}; the safetensors weights are used.",
                         shown(m_result.m_folder), listNames(pickles)));
}

}  // namespace rankscope::checkpoint
