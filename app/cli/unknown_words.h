// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <span>
#include <string>

namespace rankscope::cli {

/// After a parse that failed: a sentence that names the first of `words` (those after the
/// program's name) that is not a command, or not an option of its command, and the nearest one that
/// is. Nothing if every word is known.
std::optional<std::string> unknownWord(const CLI::App& app, std::span<const char* const> words);

}  // namespace rankscope::cli
