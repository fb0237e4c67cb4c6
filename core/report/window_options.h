// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace rankscope::report {

/// One option of the program `rankscope`: its parser, its manual page and its completion are made
/// from it.
struct WindowOption {
    std::string_view name;    ///< without dashes
    std::string_view letter;  ///< the short form, may be empty
    std::string_view value;   ///< what stands for the value; empty for a flag
    std::string_view help;
};

/// Stands for a value that is one of heatMetrics().
constexpr std::string_view metricValue = "METRIC";

constexpr std::string_view windowHelp = "How compressible is a Flan-T5 model?";
constexpr std::string_view windowArgumentHelp = "Folder, weights file, Hub id, or demo.";

std::span<const WindowOption> windowOptions();

}  // namespace rankscope::report
