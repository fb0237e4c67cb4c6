// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/rank_options.h"
#include "app/cli/text_table.h"
#include "core/compress/factor_source.h"
#include "core/method/method.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/plan/slim_plan.h"

namespace rankscope::cli {

namespace {

struct PlanCommandOptions {
    RankOptions ranks;
    std::string out;
};

std::string methodShown(const plan::PlanEntry& entry, const method::MethodSettings& settings) {
    if (entry.kept) return "kept";
    std::string shown = entry.method;
    if (method::methodNamed(entry.method).preview) shown += " (preview)";
    return settings.refine ? shown + ", refined" : shown;
}

/// The measurements made before the plan was settled; nothing if there were none.
std::string triedText(const plan::CompressionPlan& plan) {
    if (plan.tried.empty()) return {};
    const bool ridge = compress::usesRidge(plan);
    std::vector<std::string> header = {"tried", "parameters", "held-out loss"};
    if (ridge) header.insert(header.begin() + 1, "ridge");
    TextTable table(header);
    for (const plan::TriedSetting& setting : plan.tried) {
        std::vector<std::string> row = {
            setting.allocation.empty() ? "-" : setting.allocation, grouped(setting.parameters),
            std::isfinite(setting.loss) ? fmt::format("{:.4f}", setting.loss) : "none"};
        if (ridge) row.insert(row.begin() + 1, fmt::format("{:g}", setting.ridge));
        table.addRow(std::move(row));
    }
    std::string taken = plan::allocationText(plan);
    if (ridge) taken += fmt::format("{}ridge {:g}", taken.empty() ? "" : ", ", plan.settings.ridge);
    return '\n' + table.text() + "taken: " + taken + '\n';
}

std::string text(const plan::CompressionPlan& plan) {
    TextTable table(
        {"matrix", "shape", "rank", "method", "storage", "dense", "stored", "relative error"});
    for (const plan::PlanEntry& entry : plan.entries)
        table.addRow({printable(entry.matrix.name),
                      fmt::format("{}x{}", entry.matrix.rows, entry.matrix.columns),
                      fmt::format("{}", entry.rank), methodShown(entry, plan.settings),
                      std::string(storageName(entry)), grouped(entry.parametersDense),
                      grouped(entry.parametersStored),
                      entry.relativeError ? fmt::format("{:.6f}", *entry.relativeError) : "-"});
    const plan::ParameterCounts& counts = plan.parameters;
    TextTable totals({"whole model", "parameters", "change"});
    const auto row = [&](const char* name, std::int64_t count) {
        totals.addRow({name, grouped(count), signedPercent(counts.dense, count)});
    };
    row("dense", counts.dense);
    row("as planned (stored)", counts.stored);
    row("all chosen factored", counts.factored);
    row("all chosen pivoted", counts.pivoted);
    row("post's convention: factors not counted", counts.postConvention);
    return table.text() + '\n' + totals.text() + triedText(plan);
}

}  // namespace

Run declarePlan(CLI::App& app) {
    auto options = std::make_shared<PlanCommandOptions>();
    options->ranks.addTo(app);
    app.add_option("--out", options->out, "Also write the plan, for --plan of other commands")
        ->type_name("FILE.json");
    return [options](Context& context) {
        const OutputFile file(options->out, {".json"}, context.progress);
        const auto planned = options->ranks.plan(
            context, [&](const checkpoint::Checkpoint& opened) { file.refuseSource(opened); });
        const Json result = toJson(planned.plan);
        if (file.wanted()) file.writeText(jsonLine(result));
        context.output.result(result, [&] { return text(planned.plan); });
    };
}

}  // namespace rankscope::cli
