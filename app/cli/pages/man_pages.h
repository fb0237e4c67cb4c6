// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "app/cli/pages/command_description.h"

namespace rankscope::cli {

/// A page of section 1 in man(7)'s macros.
struct ManPage {
    std::string name;  ///< "rankscope-cli-plan"
    std::string text;
};

/// rankscope-cli.1 of the program that describe() puts first, and a page for each command.
std::vector<ManPage> commandLinePages(std::span<const CommandDescription> commands);

ManPage windowPage(const CommandDescription& window);

}  // namespace rankscope::cli
