// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/selection.h"
#include "core/workspace/spectra_cache.h"

namespace rankscope::cli {

/// The positional CHECKPOINT.
CLI::Option* addCheckpoint(CLI::App& app, std::string& checkpoint);

/// SELECTION: --targets and --exclude.
void addSelection(CLI::App& app, checkpoint::Selection& selection);

/// CHECKPOINT and SELECTION.
struct MatrixOptions {
    std::string checkpoint;
    checkpoint::Selection selection;

    void addTo(CLI::App& app);
};

/// An opened checkpoint and the matrices chosen in it; its warnings have been shown.
struct ChosenMatrices {
    checkpoint::Checkpoint checkpoint;
    std::vector<checkpoint::WeightMatrix> matrices;
};

checkpoint::Checkpoint openAndWarn(const std::string& name, const Context& context);
ChosenMatrices choose(const MatrixOptions& options, const Context& context);

/// Spectra of the chosen matrices from the cache or computed; each goes into the event stream as
/// it becomes known where `stream` is set.
workspace::SpectraRun spectraOf(const ChosenMatrices& chosen, const Context& context, bool useCache,
                                bool stream);

}  // namespace rankscope::cli
