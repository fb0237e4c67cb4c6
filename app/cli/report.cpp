// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/summarization_flags.h"
#include "core/base/atomic_folder.h"
#include "core/base/output_claim.h"
#include "core/base/own_path.h"

namespace rankscope::cli {

namespace {

struct ReportCommandOptions {
    std::string checkpoint;
    std::string out = "rankscope-report";
    std::int64_t vectors = report::ReportOptions().vectors;
    DatasetFlags data;
    bool force = false;
};

const Option vectorsOption = {
    "vectors", "Vectors", "Random vectors for each compared matrix", "1000", 1, 1e6, "", {}};

void run(const ReportCommandOptions& options, Context& context) {
    std::optional<OutputClaim> replaced;
    if (options.force) replaced.emplace(options.out);
    const checkpoint::Checkpoint checkpoint = openAndWarn(options.checkpoint, context);
    requireTarget(options.out, report::reportFolder, checkpoint::foldersOf(checkpoint),
                  options.force);
    report::ReportOptions how;
    how.target = options.out;
    how.force = options.force;
    how.device = context.options.device;
    how.threads = context.options.threads;
    how.seed = context.options.seed;
    how.vectors = options.vectors;
    how.command = context.command;
    const std::filesystem::path demo = sharedResource("demo");
    std::error_code ignored;
    if (options.data.given() || std::filesystem::equivalent(checkpoint.folder(), demo, ignored))
        how.data = options.data.read(demo / "test.json", true, context.progress);
    const report::ReportResult result = report::writeReport(checkpoint, how, context.progress);
    context.output.result(report::toJson(result), [&] {
        return fmt::format("The report is at {}\n",
                           printable((result.path / "report.html").string(), 4096));
    });
}

}  // namespace

Run declareReport(CLI::App& app) {
    auto options = std::make_shared<ReportCommandOptions>();
    addCheckpoint(app, options->checkpoint);
    app.add_option("--out", options->out, "The folder to make (default: ./rankscope-report)")
        ->type_name("DIR");
    addOption(app, vectorsOption, options->vectors);
    options->data.addTo(app);
    app.add_flag("--force", options->force, "Replace an existing folder that Rankscope wrote");
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
