// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/random_vectors.h"

#include <algorithm>
#include <memory>
#include <string>
#include <variant>

#include "app/cli/command_line.h"
#include "app/cli/rank_options.h"
#include "app/cli/text_table.h"
#include "core/report/random_vectors_table.h"

namespace rankscope::cli {

namespace {

struct RandomVectorsCommandOptions {
    RankOptions ranks;
    std::int64_t vectors = evaluate::RandomVectorsOptions().vectors;
    std::string distribution = "uniform";
};

std::string text(const std::vector<evaluate::RandomVectorsResult>& results) {
    constexpr int decimals = 6;
    const auto columns = report::randomVectorsColumns(results);
    report::TableData table = report::tableOf(columns, results);
    for (auto& row : table.rows)
        for (report::Cell& cell : row)
            if (!std::holds_alternative<std::string>(cell.value))
                cell.shown = report::shownValue(cell.value, decimals, "-");
    const bool real = std::ranges::any_of(
        results, [](const auto& result) { return result.onCalibration.has_value(); });
    return TextTable(table).text() +
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
