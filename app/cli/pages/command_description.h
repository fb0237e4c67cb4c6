// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "app/cli/command_line.h"

namespace rankscope::cli {

/// The kind of a value, for completion.
enum class ValueKind { None, Text, Words, File, Folder, Checkpoint };

/// One option or argument as the command line declares it.
struct OptionDescription {
    std::string name;   ///< "--rank", "-h,--help"; of an argument "CHECKPOINT"
    std::string value;  ///< what stands for its value, "N"; empty for a flag
    std::string help, group;
    ValueKind kind = ValueKind::None;
    OfferedWords offered;
    std::vector<std::string> excludes, needs;  ///< names of other options
    bool required = false, many = false;
};

/// One command, or the program itself, whose name is then "".
struct CommandDescription {
    std::string name, help;
    std::vector<OptionDescription> arguments, options;
};

/// The program first, then its commands in order; --help among the options of each.
std::vector<CommandDescription> describe(CLI::App& program);

/// The options of the window, from windowOptions().
CommandDescription describeWindow();

}  // namespace rankscope::cli
