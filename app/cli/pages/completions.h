// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/cli/pages/command_description.h"

namespace rankscope::cli {

/// A shell's completions after `program`: `commands` as describe() gives them, or only the first,
/// for a program without commands.
std::string bashCompletion(std::string_view program, std::span<const CommandDescription> commands);
std::string zshCompletion(std::string_view program, std::span<const CommandDescription> commands);
std::string fishCompletion(std::string_view program, std::span<const CommandDescription> commands);

/// "rankscope_cli" of "rankscope-cli".
std::string identifierOf(std::string_view program);

/// "--help" and "-h" of "-h,--help".
std::vector<std::string> spellings(const OptionDescription& option);

/// `text` with every `mark` replaced.
std::string replaced(std::string_view text, std::string_view mark, std::string_view by);

/// The comment lines that begin a script.
std::string completionHead(std::string_view shell, std::string_view program);

}  // namespace rankscope::cli
