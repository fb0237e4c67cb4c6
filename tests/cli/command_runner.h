// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace rankscope::cli_test {

/// What a run of rankscope-cli left.
struct Outcome {
    int exitCode = -1;  ///< -1 where a signal ended it
    std::string out, err;
    long residentKilobytes = 0;  ///< largest
    Json json() const { return Json::parse(out); }
    std::vector<Json> events() const;
};

struct RunOptions {
    std::vector<std::string> environment = {};  ///< "NAME=value", added to this program's
    std::string interruptAfter = {};            ///< SIGINT once standard output holds this text
    bool closedOutput = false;                  ///< standard output is a pipe nobody reads
    std::string limits = {};                    ///< "ulimit -v 600000; …", of a shell's command
    std::vector<int> signals = {};              ///< all sent, no two alike (they may merge) …
    std::string signalsOnceThereIs = {};        ///< … once this file is there
    std::vector<int> closed = {};               ///< of the descriptors 0, 1 and 2
    std::string outputTo = {};                  ///< a device for standard output
    std::string errorsTo = {};                  ///< a device for standard error
};

/// Runs the built command line with these words.
Outcome runCommand(const std::vector<std::string>& words, const RunOptions& options = {});

/// A Flan-T5 checkpoint with the true header and only holes for weights (all zero): `layers` per
/// stack, gated and untied. Returns the folder.
std::filesystem::path writeSparseFlanT5(const std::filesystem::path& folder, std::int64_t dModel,
                                        std::int64_t dFf, std::int64_t heads, int layers);

}  // namespace rankscope::cli_test
