// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/random_vectors.h"

#include <fmt/format.h>

#include <memory>

#include "app/cli/command_line.h"
#include "app/cli/rank_options.h"
#include "app/cli/text_table.h"

namespace rankscope::cli {

namespace {

struct RandomVectorsCommandOptions {
    RankOptions ranks;
    std::int64_t vectors = evaluate::RandomVectorsOptions().vectors;
    std::string distribution = "uniform";
};

std::string text(const std::vector<evaluate::RandomVectorsResult>& results) {
    const auto columns = evaluate::randomVectorsColumns(results);
    std::vector<std::string> header = {"matrix", "rank", "vectors"};
    for (const evaluate::RandomVectorsColumn& column : columns) header.emplace_back(column.title);
    TextTable table(header);
    bool real = false;
    for (const evaluate::RandomVectorsResult& result : results) {
        std::vector<std::string> row = {printable(result.name), fmt::format("{}", result.rank),
                                        fmt::format("{}", result.vectors)};
        for (const evaluate::RandomVectorsColumn& column : columns) {
            const std::optional<double> value = column.value(result);
            row.push_back(value ? fmt::format("{:.6f}", *value) : "-");
        }
        table.addRow(std::move(row));
        real = real || result.onCalibration;
    }
    return table.text() +
           "predicted: sqrt of the kept energy, the pooled cosine for inputs without a "
           "direction\n" +
           (real ? "calibration, held out: pooled over the real inputs of the layer\n" : "");
}

void run(const RandomVectorsCommandOptions& options, Context& context) {
    auto planned = options.ranks.plan(context);
    const backend::Compute compute = loadCompute(context);
    evaluate::RandomVectorsOptions how;
    how.vectors = options.vectors;
    how.distribution = options.distribution == "normal" ? evaluate::Distribution::Normal
                                                        : evaluate::Distribution::Uniform;
    how.seed = context.options.seed;
    const auto results = evaluate::randomVectors(
        {planned.checkpoint, planned.plan, planned.calibration.get(), compute}, how,
        context.progress);
    context.output.result(toJson(results), [&] { return text(results); });
}

}  // namespace

Run declareRandomVectors(CLI::App& app) {
    auto options = std::make_shared<RandomVectorsCommandOptions>();
    options->ranks.addTo(app);
    const auto table = evaluate::randomVectorsOptionTable();
    addOption(app, findOption(table, "vectors"), options->vectors);
    addOption(app, findOption(table, "distribution"), options->distribution);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
