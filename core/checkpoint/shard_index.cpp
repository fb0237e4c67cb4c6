// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/shard_index.h"

#include <fmt/format.h>

#include <set>

#include "core/base/error.h"
#include "core/base/json.h"

namespace rankscope::checkpoint {

namespace {

constexpr std::size_t largestIndex = std::size_t{64} << 20U;  // bytes; real ones reach 17 MB

bool isPlainFileName(std::string_view name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

}  // namespace

ShardIndex parseShardIndex(std::string_view text, std::string_view what) {
    const auto fail = [&](const std::string& reason) {
        throw Error(fmt::format("{}: {}.", what, reason), std::string(what));
    };
    const Json json = parseJson(text, what);
    if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
        fail("it holds no \"weight_map\" object and is not an index of weight files");
    ShardIndex index;
    std::set<std::string> files;
    for (const auto& [tensor, file] : json["weight_map"].items()) {
        if (!file.is_string())
            fail(fmt::format("tensor \"{}\" has no file name", printable(tensor)));
        const auto& name = file.get_ref<const std::string&>();
        if (!isPlainFileName(name))
            fail(
                fmt::format("tensor \"{}\" is said to be in \"{}\"; only files of the folder "
                            "itself are read, so the name must be a plain file name",
                            printable(tensor), printable(name)));
        index.fileOfTensor.emplace(tensor, name);
        files.insert(name);
    }
    if (files.empty()) fail("its \"weight_map\" names no tensor");
    index.files.assign(files.begin(), files.end());
    const auto metadata = json.find("metadata");
    if (metadata != json.end() && metadata->is_object() && metadata->contains("total_size") &&
        (*metadata)["total_size"].is_number_unsigned())
        index.totalSize = (*metadata)["total_size"].get<std::uint64_t>();
    return index;
}

ShardIndex readShardIndex(const std::filesystem::path& path) {
    return parseShardIndex(readTextFile(path, largestIndex), printable(path.string(), 4096));
}

}  // namespace rankscope::checkpoint
