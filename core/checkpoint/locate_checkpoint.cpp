// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/base/own_path.h"
#include "core/checkpoint/checkpoint.h"

namespace rankscope::checkpoint {

namespace {

namespace fs = std::filesystem;

std::optional<fs::path> environmentPath(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    const std::string_view text = value;
    const char* home = std::getenv("HOME");
    if (home != nullptr && (text == "~" || text.starts_with("~/")))
        return fs::path(home) / text.substr(std::min<std::size_t>(2, text.size()));
    return fs::path(text);
}

/// The Hub cache folder by huggingface_hub's rules.
fs::path hubCache() {
    if (const auto cache = environmentPath("HF_HUB_CACHE")) return *cache;
    if (const auto cache = environmentPath("HUGGINGFACE_HUB_CACHE")) return *cache;
    if (const auto home = environmentPath("HF_HOME")) return *home / "hub";
    if (const auto cache = environmentPath("XDG_CACHE_HOME")) return *cache / "huggingface" / "hub";
    if (const auto home = environmentPath("HOME")) return *home / ".cache" / "huggingface" / "hub";
    throw Error("No Hub cache folder: none of HF_HUB_CACHE, HF_HOME and HOME is set; set one.");
}

bool isPlainSegment(std::string_view text) {
    return !text.empty() && text != "." && text != ".." &&
           std::ranges::all_of(text, [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
}

struct HubId {
    std::string repository;  // "models--google--flan-t5-base"
    std::string revision = "main";
};

/// "owner/name" or "name", optionally followed by "@revision".
std::optional<HubId> parseHubId(std::string_view text) {
    HubId id;
    if (const auto at = text.find('@'); at != std::string_view::npos) {
        id.revision = text.substr(at + 1);
        text = text.substr(0, at);
    }
    const auto slash = text.find('/');
    const std::string_view first = text.substr(0, slash);
    if (!isPlainSegment(first)) return std::nullopt;
    id.repository = fmt::format("models--{}", first);
    if (slash != std::string_view::npos) {
        if (!isPlainSegment(text.substr(slash + 1))) return std::nullopt;
        id.repository += fmt::format("--{}", text.substr(slash + 1));
    }
    for (const auto& part : fs::path(id.revision))
        if (!isPlainSegment(part.string())) return std::nullopt;
    if (id.revision.empty()) return std::nullopt;
    return id;
}

bool isCommit(std::string_view text) {
    return text.size() == 40 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

std::string readReference(const fs::path& path) {
    std::string text = readTextFile(path, 4096);
    text.erase(std::find_if_not(text.rbegin(), text.rend(),
                                [](unsigned char c) { return std::isspace(c) != 0; })
                   .base(),
               text.end());
    if (!isPlainSegment(text))
        throw Error(fmt::format("{} holds \"{}\", no commit name; fetch the model again.",
                                printable(path.string(), 4096), printable(text, 60)),
                    path.string());
    return text;
}

fs::path locateSnapshot(const HubId& id, const std::string& name) {
    const fs::path repository = hubCache() / id.repository;
    const std::string shown = printable(repository.string(), 4096);
    const std::size_t at = name.find('@');
    const std::string revision =
        at == std::string::npos ? "" : " --revision " + printable(id.revision);
    const std::string download = fmt::format(
        "Download it on a machine with a network (\"hf download {}{}\"), or give a folder.",
        printable(name.substr(0, at)), revision);
    std::error_code ignored;
    if (!fs::is_directory(repository, ignored))
        throw Error(fmt::format("{} is neither a file nor a folder, and no model of the Hub cache "
                                "({} does not exist). {}",
                                printable(name, 4096), shown, download),
                    name);
    std::string commit = id.revision;
    if (!isCommit(commit) || !fs::exists(repository / "snapshots" / commit, ignored)) {
        const fs::path reference = repository / "refs" / id.revision;
        if (!fs::exists(reference, ignored))
            throw Error(fmt::format("{} has no revision \"{}\" in the Hub cache (no {}). {}",
                                    printable(name, 4096), printable(id.revision),
                                    printable(reference.string(), 4096), download),
                        name);
        commit = readReference(reference);
    }
    fs::path snapshot = repository / "snapshots" / commit;
    if (!fs::is_directory(snapshot, ignored))
        throw Error(fmt::format("{}: the Hub cache names commit {}, but the folder {} is missing. "
                                "{}",
                                printable(name, 4096), commit, printable(snapshot.string(), 4096),
                                download),
                    name);
    return snapshot;
}

}  // namespace

std::filesystem::path locateCheckpoint(const std::string& nameOrPath) {
    if (nameOrPath.empty())
        throw usageError("No checkpoint is named; give a folder, a .safetensors file or a Hub id.");
    if (nameOrPath == "demo") return requireInstalled(sharedResource("demo"));
    std::error_code failure;
    const auto status = fs::status(nameOrPath, failure);
    if (status.type() != fs::file_type::not_found && status.type() != fs::file_type::none)
        return nameOrPath;
    // A dangling or circular link exists by its own name; opening it says what is wrong.
    if (fs::is_symlink(fs::symlink_status(nameOrPath, failure))) return nameOrPath;
    if (const auto id = parseHubId(nameOrPath)) return locateSnapshot(*id, nameOrPath);
    throw Error(fmt::format("{} does not exist; give a folder with config.json and "
                            "model.safetensors, a .safetensors file, a Hub id or \"demo\".",
                            printable(nameOrPath, 4096)),
                nameOrPath);
}

}  // namespace rankscope::checkpoint
