// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/summarization_flags.h"
#include "app/cli/text_table.h"
#include "core/base/own_path.h"
#include "core/workspace/calibration_file.h"

namespace rankscope::cli {

namespace {

struct CalibrateCommandOptions {
    std::string checkpoint, out;
    DatasetFlags data;
    SummarizationFlags summarization;
    evaluate::CalibrationOptions how;
};

Json toJson(const evaluate::CalibrationResult& result, const std::string& out) {
    Json inputs = Json::array();
    for (const auto& [name, moments] : result.inputs)
        inputs.push_back(
            {{"name", name}, {"width", moments.second.rows}, {"tokens", moments.tokens}});
    return {{"path", out},
            {"samples", result.record.examples.size()},
            {"held_out", result.record.heldOut.size()},
            {"fisher", result.record.gradients},
            {"arithmetic", result.record.arithmetic},
            {"seed", result.record.seed},
            {"data", {{"file", result.record.data}, {"hash", result.record.dataHash}}},
            {"inputs", std::move(inputs)},
            {"tokens", result.tokens},
            {"seconds", result.seconds},
            {"warnings", result.record.warnings}};
}

std::string text(const evaluate::CalibrationResult& result, const std::string& out) {
    return fmt::format(
        "{} layer inputs, {} dialogues and {} held out, {} tokens in {:.1f} s ({:.0f} "
        "tokens/s)\n{}\n",
        result.inputs.size(), result.record.examples.size(), result.record.heldOut.size(),
        result.tokens, result.seconds,
        static_cast<double>(result.tokens) / std::max(result.seconds, 1e-9), printable(out, 4096));
}

void run(const CalibrateCommandOptions& options, Context& context) {
    const OutputFile file(options.out, {".h5"}, context.progress);
    const checkpoint::Checkpoint opened = openAndWarn(options.checkpoint, context);
    file.refuseSource(opened);
    workspace::requireReplaceableByCalibration(file.path(), opened, context.progress);
    const std::filesystem::path demo = sharedResource("demo") / "calibration.json";
    if (!options.data.given())
        context.progress.warn(
            "No --data is given: the 200 calibration dialogues that come with the demo model are "
            "used.");
    const text::Dataset data = options.data.read(demo, true, context.progress);
    evaluate::CalibrationOptions how = options.how;
    how.summarization = options.summarization.options();
    how.device = context.options.device;
    how.seed = context.options.seed;
    const backend::Backend& backend = backend::loadBackend({.threads = context.options.threads});
    evaluate::CalibrationResult result =
        evaluate::calibrate(opened, data, how, backend, context.progress);
    const Json json = toJson(result, options.out);
    std::string shown = text(result, options.out);
    workspace::writeCalibration(
        options.out, {std::move(result.record), std::move(result.inputs), std::move(result.heldOut),
                      std::move(result.gradients)});
    context.output.result(json, [&] { return shown; });
}

}  // namespace

Run declareCalibrate(CLI::App& app) {
    auto options = std::make_shared<CalibrateCommandOptions>();
    addCheckpoint(app, options->checkpoint);
    options->data.addTo(app);
    const auto table = evaluate::calibrationOptionTable();
    addOption(app, findOption(table, "samples"), options->how.samples);
    addOption(app, findOption(table, "held-out"), options->how.heldOut);
    app.add_flag("--fisher", options->how.gradients, std::string(findOption(table, "fisher").help));
    addOption(app, findOption(table, "arithmetic"), options->how.arithmetic);
    app.add_option("--out", options->out, "The file to write (.h5)")->type_name("FILE")->required();
    options->summarization.addTo(app);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
