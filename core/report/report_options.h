// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/text/dataset/dataset.h"

namespace rankscope::report {

struct ReportOptions {
    std::filesystem::path target;  ///< the folder to make
    bool force = false;            ///< replace an existing target
    std::string device = "auto";
    int threads = 0;  ///< 0: all cores
    std::uint64_t seed = 0;
    std::int64_t vectors = 1000;        ///< random vectors for each compared matrix
    std::string command;                ///< recorded: the command that repeats this
    std::optional<text::Dataset> data;  ///< examples to evaluate on; without them nothing is
};

}  // namespace rankscope::report
