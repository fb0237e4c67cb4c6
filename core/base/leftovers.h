// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/base/progress.h"

namespace rankscope {

/// A file or folder that a killed run left unfinished.
struct Leftover {
    std::filesystem::path path;
    std::uint64_t bytes = 0;  ///< with all it holds
    bool certain = true;      ///< false: on this disk another machine may still be writing it
};

/// Those of `target`: `<target>.partial-<six letters>` that nobody writes (see Unfinished), and
/// from earlier versions, which did not lock, `<target>.partial-<process>`,
/// `<target>.new-<process>` of processes that are gone. Only this user's own files and folders of
/// exactly such names; links are never followed. Never throws: a folder that cannot be read has
/// none.
std::vector<Leftover> findLeftovers(const std::filesystem::path& target);
/// Those of any target in this folder and the folders below it.
std::vector<Leftover> findLeftoversIn(const std::filesystem::path& folder);

/// Removes them, and names each with its size in a warning; those that are not certain are only
/// named.
void removeLeftovers(const std::filesystem::path& target, const Progress& progress);
void removeLeftoversIn(const std::filesystem::path& folder, const Progress& progress);

}  // namespace rankscope
