// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/base/progress.h"

namespace rankscope {

/// What a run that was killed left of something it had not finished.
struct Leftover {
    std::filesystem::path path;
    std::uint64_t bytes = 0;  ///< with all it holds
    bool certain = true;      ///< false: on this disk another machine may still be writing it
};

/// Those of `target`: `<target>.partial-<six letters>` that nobody writes (see Unfinished), and of
/// earlier versions, which did not lock, `<target>.partial-<process>`, `<target>.new-<process>` of
/// processes that are gone. Only this user's own files and folders of exactly such names; links are
/// never followed. Never throws: where a folder cannot be read there are none.
std::vector<Leftover> findLeftovers(const std::filesystem::path& target);
/// Those of any target in this folder and the folders below it.
std::vector<Leftover> findLeftoversIn(const std::filesystem::path& folder);

/// Removes them, and names each with its size in a warning; what is not certain is only named.
void removeLeftovers(const std::filesystem::path& target, const Progress& progress);
void removeLeftoversIn(const std::filesystem::path& folder, const Progress& progress);

}  // namespace rankscope
