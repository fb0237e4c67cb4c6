// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope {

/// One option of the program, described once: the command line's flag and help, and the window's
/// form row (label, tool tip, range, default) are both made from it.
struct Option {
    std::string_view name;          ///< command-line name without dashes, e.g. "multiple-of"
    std::string_view label;         ///< in forms, e.g. "Multiple of"
    std::string_view help;          ///< one sentence
    std::string_view defaultText;   ///< as the user would type it; empty if there is none
    std::optional<double> minimum;  ///< smallest permitted value, if the option is a number
    std::optional<double> maximum;  ///< largest permitted value
    std::string_view unit;          ///< "", "s", "parameters" …
    std::vector<std::string_view> choices;  ///< permitted words, if it is a choice
};

}  // namespace rankscope
