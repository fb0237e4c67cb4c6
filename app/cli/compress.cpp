// SPDX-License-Identifier: Apache-2.0
#include "core/compress/compress.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "app/cli/command_line.h"
#include "app/cli/rank_options.h"
#include "app/cli/text_table.h"
#include "core/base/output_claim.h"
#include "core/compress/checkpoint_folder.h"

namespace rankscope::cli {

namespace {

struct CompressCommandOptions {
    RankOptions ranks;
    std::string out;
    std::string dtype;
    bool force = false;
};

const Option dtypeOption = {"dtype",
                            "Written type",
                            "Type of the written weights, else as in the source",
                            "",
                            {},
                            {},
                            "",
                            {"F32", "F16", "BF16"}};

/// The losses of a refinement block by block; nothing if there was none.
std::string refinementText(const compress::CompressResult& result) {
    if (!result.refinement) return {};
    TextTable table({"refined", "held-out error before", "after", "pass"});
    for (const compress::BlockLosses& block : *result.refinement)
        table.addRow({block.block, fmt::format("{:.4g}", block.heldOutBefore),
                      fmt::format("{:.4g}", block.heldOutAfter),
                      block.leftAsItWas ? "left as it was" : fmt::format("{}", block.bestPass)});
    return '\n' + table.text();
}

std::string text(const compress::CompressResult& result) {
    std::vector<std::string> titles = {"matrix", "rank", "storage", "relative error", "predicted"};
    const bool preview = std::ranges::any_of(
        result.layers, [](const auto& layer) { return layer.excessError.has_value(); });
    if (preview) titles.emplace_back("preview: over svd");
    TextTable table(titles);
    std::string notes;
    for (const compress::LayerResult& layer : result.layers) {
        std::vector<std::string> row = {printable(layer.name), fmt::format("{}", layer.rank),
                                        layer.kept ? "kept" : std::string(storageName(layer)),
                                        fmt::format("{:.6f}", layer.relativeError),
                                        fmt::format("{:.6f}", layer.predictedError)};
        if (preview)
            row.push_back(layer.excessError ? fmt::format("{:+.3f} %", 100 * *layer.excessError)
                                            : "-");
        table.addRow(std::move(row));
        if (!layer.note.empty())
            notes += fmt::format("{}: {}\n", printable(layer.name), printable(layer.note));
    }
    return table.text() + notes + refinementText(result) +
           fmt::format("\nparameters {} -> {} ({})\nweight files {} -> {}\n{} in {:.1f} s\n{}\n",
                       grouped(result.parameters.dense), grouped(result.parameters.stored),
                       signedPercent(result.parameters.dense, result.parameters.stored),
                       readableBytes(result.bytesBefore), readableBytes(result.bytesAfter),
                       result.verified ? "written, read back and verified" : "NOT VERIFIED",
                       result.seconds, printable(result.path.string(), 4096));
}

void run(const CompressCommandOptions& options, Context& context) {
    std::optional<OutputClaim> replaced;
    if (options.force) replaced.emplace(options.out);
    auto planned = options.ranks.plan(context, [&](const checkpoint::Checkpoint& opened) {
        requireTarget(options.out, compress::checkpointFolder, checkpoint::foldersOf(opened),
                      options.force);
    });
    const backend::Compute compute = loadCompute(context);
    compress::CompressOptions how;
    how.target = options.out;
    how.force = options.force;
    if (!options.dtype.empty()) how.dtype = parseDType(options.dtype);
    how.seed = context.options.seed;
    how.command = context.command;
    const compress::CompressResult result =
        compress::compress({planned.checkpoint, planned.plan, planned.calibration.get(), compute},
                           how, context.progress);
    for (const std::string& warning : result.warnings) context.progress.warn(warning);
    context.output.result(toJson(result), [&] { return text(result); });
}

}  // namespace

Run declareCompress(CLI::App& app) {
    auto options = std::make_shared<CompressCommandOptions>();
    options->ranks.addTo(app);
    app.add_option("--out", options->out, "The folder to make")->type_name("DIR")->required();
    addOption(app, dtypeOption, options->dtype);
    app.add_flag("--force", options->force, "Replace an existing folder that Rankscope wrote");
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
