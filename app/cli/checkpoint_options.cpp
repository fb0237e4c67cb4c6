// SPDX-License-Identifier: Apache-2.0
#include "app/cli/checkpoint_options.h"

#include "core/report/spectrum_tables.h"

namespace rankscope::cli {

CLI::Option* addCheckpoint(CLI::App& app, std::string& checkpoint) {
    return app
        .add_option("checkpoint", checkpoint,
                    "A folder, a weights file beside its config.json, a Hub id in the local cache, "
                    "or demo")
        ->type_name("CHECKPOINT")
        ->required();
}

void addSelection(CLI::App& app, checkpoint::Selection& selection) {
    const auto add = [&](const Option& option, std::string& value) {
        CLI::Option* added = addOption(app, option, value)->group("Which matrices");
        offerWords(*added, checkpoint::selectionWords(), true);
    };
    add(checkpoint::targetsOption(), selection.targets);
    add(checkpoint::excludeOption(), selection.exclude);
}

void MatrixOptions::addTo(CLI::App& app) {
    addCheckpoint(app, checkpoint);
    addSelection(app, selection);
}

checkpoint::Checkpoint openAndWarn(const std::string& name, const Context& context) {
    checkpoint::Checkpoint opened = checkpoint::openCheckpoint(name);
    for (const std::string& warning : opened.warnings()) context.progress.warn(warning);
    return opened;
}

ChosenMatrices choose(const MatrixOptions& options, const Context& context) {
    checkpoint::Checkpoint opened = openAndWarn(options.checkpoint, context);
    auto matrices = checkpoint::selectMatrices(opened.matrices(), options.selection);
    return {std::move(opened), std::move(matrices)};
}

workspace::SpectraRun spectraOf(const ChosenMatrices& chosen, const Context& context, bool useCache,
                                bool stream) {
    workspace::SpectraRequest request;
    request.device = context.options.device;
    request.threads = context.options.threads;
    request.useCache = useCache;
    if (stream && context.output.format() == Format::Events)
        request.onFinished = [&output = context.output](const spectra::Spectrum& spectrum) {
            output.event({{"event", "spectrum"}, {"spectrum", report::toJson(spectrum)}});
        };
    return workspace::loadOrComputeSpectra(chosen.checkpoint, chosen.matrices, request,
                                           context.progress);
}

}  // namespace rankscope::cli
