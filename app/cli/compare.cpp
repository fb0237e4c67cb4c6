// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/text_table.h"
#include "core/report/comparison_table.h"
#include "core/report/figure_request.h"

namespace rankscope::cli {

namespace {

constexpr std::size_t mostDrawn = 6;  // plots of one figure

struct CompareCommandOptions {
    std::string a, b;
    checkpoint::Selection selection;
    std::int64_t directions = spectra::CompareOptions().directions;
    std::string out;
    bool noCache = false;
};

const Option directionsOption = {"directions",
                                 "Directions",
                                 "Leading singular directions whose subspaces are compared",
                                 "16",
                                 1,
                                 100000,
                                 "",
                                 {}};

struct CompareResult {
    std::string a, b;
    std::vector<spectra::MatrixComparison> matrices;
    std::vector<spectra::SkippedMatrix> skipped;
    double seconds = 0;
    std::string device;
};

Json document(const CompareResult& result) {
    Json matrices = Json::array(), skipped = Json::array();
    for (const auto& matrix : result.matrices) matrices.push_back(report::toJson(matrix));
    for (const auto& matrix : result.skipped) skipped.push_back(report::toJson(matrix));
    return {{"a", result.a},
            {"b", result.b},
            {"matrices", std::move(matrices)},
            {"skipped", std::move(skipped)},
            {"seconds", result.seconds},
            {"device", result.device}};
}

std::string text(const CompareResult& result) {
    std::string out = TextTable(report::comparisonTable(result.matrices)).text();
    for (const spectra::SkippedMatrix& matrix : result.skipped)
        out += fmt::format("not compared: {}. {}\n", printable(matrix.name), matrix.reason);
    return out + fmt::format(
                     "A: {}\nB: {}\nrelative difference: |A - B| / |A| (Frobenius); ranks: of "
                     "A - B;\ncosines: of the largest angle between the leading singular "
                     "subspaces, 1 is the same\n{} matrices in {:.2f} s on {}\n",
                     printable(result.a), printable(result.b), result.matrices.size(),
                     result.seconds, result.device);
}

/// The matrices of one side of each pair.
ChosenMatrices side(checkpoint::Checkpoint checkpoint,
                    const std::vector<spectra::MatrixPair>& pairs,
                    checkpoint::WeightMatrix spectra::MatrixPair::*matrix) {
    ChosenMatrices chosen{std::move(checkpoint), {}};
    for (const spectra::MatrixPair& pair : pairs) chosen.matrices.push_back(pair.*matrix);
    return chosen;
}

/// A plot a matrix, the first of them if there are more than a page holds.
report::FigureRequest figureOf(const CompareResult& result, const Progress& progress) {
    const std::size_t drawn = std::min(mostDrawn, result.matrices.size());
    if (drawn < result.matrices.size())
        progress.warn(
            fmt::format("The figure shows the first {} of {} matrices; choose others with "
                        "--targets.",
                        drawn, result.matrices.size()));
    report::ComparisonFigure figure;
    figure.matrices.assign(result.matrices.begin(),
                           result.matrices.begin() + static_cast<std::ptrdiff_t>(drawn));
    const std::size_t rows = (drawn + 2) / 3;
    return {.title = fmt::format("A: {}, B: {}", printable(result.a), printable(result.b)),
            .size = {.widthMm = 20 + 75 * static_cast<double>(std::min<std::size_t>(drawn, 3)),
                     .heightMm = 15 + 70 * static_cast<double>(rows)},
            .figure = std::move(figure)};
}

void run(const CompareCommandOptions& options, Context& context) {
    const auto start = std::chrono::steady_clock::now();
    const OutputFile file(options.out, {".csv", ".json", ".png", ".pdf", ".svg"}, context.progress);
    checkpoint::Checkpoint openedA = openAndWarn(options.a, context);
    checkpoint::Checkpoint openedB = openAndWarn(options.b, context);
    file.refuseSource(openedA);
    file.refuseSource(openedB);
    auto matched = spectra::matchMatrices(openedA, openedB, options.selection);
    const ChosenMatrices a = side(std::move(openedA), matched.pairs, &spectra::MatrixPair::a);
    const ChosenMatrices b = side(std::move(openedB), matched.pairs, &spectra::MatrixPair::b);
    const auto spectraA = spectraOf(a, context, !options.noCache, false).spectra;
    const auto spectraB = spectraOf(b, context, !options.noCache, false).spectra;
    const backend::Compute compute = loadCompute(context);
    spectra::CompareOptions how;
    how.directions = options.directions;
    CompareResult result;
    result.a = a.checkpoint.label();
    result.b = b.checkpoint.label();
    result.matrices = spectra::compareCheckpoints(
        {{a.checkpoint, spectraA}, {b.checkpoint, spectraB}, matched.pairs}, how, compute,
        context.progress);
    result.skipped = std::move(matched.skipped);
    result.device = compute.device.name();
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (file.ending() == ".csv")
        file.writeText(report::comparisonCsv(result.matrices));
    else if (file.ending() == ".json")
        file.writeText(jsonLine(document(result)));
    else if (file.isFigure())
        file.writeFigure(figureOf(result, context.progress), context.progress);
    context.output.result(document(result), [&] { return text(result); });
}

}  // namespace

Run declareCompare(CLI::App& app) {
    auto options = std::make_shared<CompareCommandOptions>();
    app.add_option("a", options->a, "A checkpoint, e.g. the base or the dense model")
        ->type_name("CHECKPOINT")
        ->required();
    app.add_option("b", options->b, "Another, e.g. fine-tuned or compressed")
        ->type_name("CHECKPOINT")
        ->required();
    addSelection(app, options->selection);
    addOption(app, directionsOption, options->directions);
    app.add_option("--out", options->out,
                   "Also write .csv, .json, or the spectra of up to 6 matrices as .png, .pdf, .svg")
        ->type_name("FILE");
    app.add_flag("--no-cache", options->noCache, "Compute again; neither read nor write the cache");
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
