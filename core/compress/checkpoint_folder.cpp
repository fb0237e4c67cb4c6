// SPDX-License-Identifier: Apache-2.0
#include "core/compress/checkpoint_folder.h"

#include <algorithm>
#include <regex>

#include "core/compress/model_config.h"
#include "core/compress/modeling_files.h"

namespace rankscope::compress {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view recordName = "rankscope.json";

/// The files of a save, listed in docs/formats.md.
bool isFileOfCheckpoint(std::string_view name) {
    static const std::regex weights(
        "model(-[0-9]{5,}-of-[0-9]{5,})?\\.safetensors|model\\.safetensors\\.index\\.json");
    return name == "config.json" || name == recordName || name == configurationFileName ||
           name == modelingFileName ||
           std::ranges::find(copiedFiles(), name) != copiedFiles().end() ||
           std::regex_match(name.begin(), name.end(), weights);
}

bool isRecordOfCheckpoint(const Json& record) {
    const auto provenance = record.find("provenance");
    return provenance != record.end() && provenance->is_object() &&
           provenance->value("program", Json()) == "rankscope";
}

bool isOurCheckpoint(const fs::path& folder) {
    return recordHolds(folder / recordName, isRecordOfCheckpoint);
}

}  // namespace

const FolderKind checkpointFolder = {"checkpoint that Rankscope wrote (no rankscope.json)",
                                     isOurCheckpoint, isFileOfCheckpoint};

}  // namespace rankscope::compress
