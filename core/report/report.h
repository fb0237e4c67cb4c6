// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/atomic_folder.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/report/report_options.h"
#include "core/text/dataset/dataset.h"

namespace rankscope::report {

struct ReportResult {
    std::filesystem::path path;
    std::vector<std::string> files;  ///< names inside `path`, sorted
    Json tables;                     ///< everything the report's tables say
    std::vector<std::string> warnings;
};

/// For requireTarget(), before the data are read.
extern const FolderKind reportFolder;

/// Tells the whole story of one checkpoint: model, spectra, error curves, parameters under both
/// countings, random vectors, evaluation, provenance; as report.html, report.md, CSV files and
/// figures (PNG and PDF, if the window's program is installed). Written beside the target and
/// renamed, so that the target is complete or not there. Throws Error: target exists without force,
/// is the checkpoint or inside it, no space, …; Interrupted on a stop.
ReportResult writeReport(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                         const Progress& progress);

/// {"path", "files", "tables", "warnings"}
Json toJson(const ReportResult& result);

}  // namespace rankscope::report
