// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t stateBytes = std::size_t{4} << 20U;
constexpr std::size_t folderEntryCap = 10'000;

std::string shown(const fs::path& path) { return printable(path.string(), 4096); }

/// Names in a folder that are regular files (or folders), sorted.
std::vector<std::string> namesIn(const fs::path& folder, bool folders) {
    std::vector<std::string> names;
    std::size_t seen = 0;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (++seen > folderEntryCap)
            throw Error(fmt::format("{} holds more than {} files; name the one to read.",
                                    shown(folder), folderEntryCap),
                        shown(folder));
        std::error_code ignored;
        if (folders ? entry->is_directory(ignored) : entry->is_regular_file(ignored))
            names.push_back(entry->path().filename().string());
    }
    if (error)
        throw Error(fmt::format("{} cannot be read: {}.", shown(folder), errnoText(error.value())),
                    shown(folder));
    std::ranges::sort(names);
    return names;
}

/// The shards that state.json of save_to_disk names, in its order.
std::vector<fs::path> shardsOfState(const fs::path& folder) {
    const fs::path stateFile = folder / "state.json";
    const std::string name = shown(stateFile);
    const Json state = parseJson(readTextFile(stateFile, stateBytes), name);
    const auto fail = [&](std::string_view reason) {
        return Error(fmt::format("{} cannot be used: {}.", name, reason), name);
    };
    if (!state.is_object() || !state.contains("_data_files") || !state["_data_files"].is_array())
        throw fail("it has no list _data_files");
    if (state.contains("_indices_data_files") && state["_indices_data_files"].is_array() &&
        !state["_indices_data_files"].empty())
        throw fail("its rows are chosen by an index; call flatten_indices() before saving");
    std::vector<fs::path> shards;
    for (const Json& entry : state["_data_files"]) {
        if (!entry.is_object() || !entry.contains("filename") || !entry["filename"].is_string())
            throw fail("an entry of _data_files has no filename");
        const fs::path file = entry["filename"].get<std::string>();
        if (file.empty() || file != file.filename() || file == "." || file == "..")
            throw fail(fmt::format("the file name \"{}\" leads out of the folder",
                                   printable(file.string())));
        shards.push_back(folder / file);
    }
    if (shards.empty()) throw fail("it names no file");
    return shards;
}

}  // namespace

std::vector<fs::path> filesOfFolder(const fs::path& folder, std::string_view split) {
    const std::vector<std::string> files = namesIn(folder, false);
    const auto has = [](const std::vector<std::string>& names, std::string_view name) {
        return std::ranges::find(names, name) != names.end();
    };
    if (has(files, "state.json")) return shardsOfState(folder);
    const std::vector<std::string> folders = namesIn(folder, true);
    for (const std::string& name : namesOfSplit(split))
        if (has(folders, name) && fs::exists(folder / name / "state.json"))
            return shardsOfState(folder / name);
    if (has(files, "dataset_dict.json"))
        throw Error(fmt::format("{} has no split \"{}\"; it has: {}. Choose one with --split.",
                                shown(folder), printable(split),
                                printable(fmt::format("{}", fmt::join(folders, ", ")), 1000)),
                    shown(folder));
    std::vector<fs::path> chosen;
    for (const std::size_t at : filesOfSplit(files, split, shown(folder)))
        chosen.push_back(folder / files[at]);
    return chosen;
}

}  // namespace rankscope::text
