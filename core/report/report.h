// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/target_folder.h"
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

struct ReportResult {
    std::filesystem::path path;
    std::vector<std::string> files;  ///< names inside `path`, sorted
    Json tables;                     ///< everything the report's tables say
    std::vector<std::string> warnings;
};

/// For compress::requireTarget(), before the data are read.
extern const compress::FolderKind reportFolder;

/// Tells the whole story of one checkpoint: model, spectra, error curves, parameters under both
/// countings, random vectors, evaluation, provenance; as report.html, report.md, CSV files and
/// figures (PNG and PDF, where the window's program is installed). Written beside the target and
/// renamed, so that the target is complete or not there. Throws Error: target exists without force,
/// is the checkpoint or inside it, no space, …; Interrupted on a stop.
ReportResult writeReport(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                         const Progress& progress);

/// {"path", "files", "tables", "warnings"}
Json toJson(const ReportResult& result);

}  // namespace rankscope::report
