// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/text_table.h"
#include "core/checkpoint/parameter_count.h"
#include "core/report/checkpoint_tables.h"

namespace rankscope::cli {

namespace {

std::string blockText(const checkpoint::WeightMatrix& matrix) {
    return matrix.block < 0 ? "-" : fmt::format("{}", matrix.block);
}

std::string text(const checkpoint::Checkpoint& checkpoint) {
    const checkpoint::T5Config& config = checkpoint.config();
    std::string out = fmt::format(
        "{}\n{}, d_model {}, d_kv {}, d_ff {}, {} heads, {} encoder and {} decoder blocks, "
        "{}, {} head\n{} parameters in {}\n\n",
        printable(checkpoint.label(), 1000), printable(config.modelType), config.dModel, config.dKv,
        config.dFf, config.numHeads, config.numLayers, config.numDecoderLayers,
        printable(config.feedForwardProj), checkpoint.tiedHead() ? "tied" : "untied",
        grouped(checkpoint.parameterCount()), readableBytes(checkpoint.byteCount()));
    TextTable table({"matrix", "stack", "block", "role", "rows", "columns", "dtype", "storage",
                     "rank", "parameters", "break-even rank"});
    for (const checkpoint::WeightMatrix& matrix : checkpoint.matrices())
        table.addRow({printable(matrix.name), std::string(stackName(matrix.stack)),
                      blockText(matrix), std::string(roleName(matrix.role)),
                      fmt::format("{}", matrix.rows), fmt::format("{}", matrix.columns),
                      std::string(dtypeName(matrix.dtype)),
                      std::string(storageName(matrix.storage)), fmt::format("{}", matrix.rank),
                      grouped(checkpoint::storedParameters(matrix.rows, matrix.columns, matrix.rank,
                                                           matrix.storage)),
                      fmt::format("{}", checkpoint::breakEvenRank(matrix.rows, matrix.columns))});
    return out + table.text();
}

}  // namespace

Run declareInspect(CLI::App& app) {
    auto name = std::make_shared<std::string>();
    addCheckpoint(app, *name);
    return [name](Context& context) {
        const checkpoint::Checkpoint checkpoint = openAndWarn(*name, context);
        context.output.result(report::inspectJson(checkpoint), [&] { return text(checkpoint); });
    };
}

}  // namespace rankscope::cli
