// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/race_options.h"
#include "app/cli/text_table.h"
#include "core/method/method_curves.h"
#include "core/report/figure_request.h"
#include "core/report/race_tables.h"
#include "core/report/rank_range.h"
#include "core/report/spectrum_tables.h"

namespace rankscope::cli {

namespace {

struct CurveOptions {
    MatrixOptions matrices;
    RaceOptions race;
    std::string ranks;
    std::string out;
    bool noCache = false;
};

std::string text(const std::vector<report::Curve>& curves) {
    TextTable table({"matrix", "rank", "Frobenius error", "relative error", "kept energy"});
    for (const report::Curve& curve : curves)
        for (std::size_t i = 0; i < curve.ranks.size(); ++i)
            table.addRow({printable(curve.name), fmt::format("{}", curve.ranks[i]),
                          fmt::format("{:.6g}", curve.frobeniusError[i]),
                          fmt::format("{:.6f}", curve.relativeError[i]),
                          fmt::format("{:.6f}", curve.energy[i])});
    return table.text();
}

std::vector<report::Curve> makeCurves(const std::vector<spectra::Spectrum>& spectra,
                                      const std::optional<report::RankRange>& range) {
    std::vector<report::Curve> curves;
    for (const spectra::Spectrum& spectrum : spectra)
        curves.push_back(report::makeCurve(spectrum, range
                                                         ? report::ranksOf(*range, spectrum.size())
                                                         : report::defaultRanks(spectrum.size())));
    return curves;
}

Json document(const std::vector<report::Curve>& curves, const std::optional<Race>& race) {
    Json elements = Json::array();
    for (const report::Curve& curve : curves) elements.push_back(report::toJson(curve));
    Json result = {{"curves", std::move(elements)}};
    if (!race) return result;
    result["calibration"] = race->calibration;
    result["race"] = Json::array();
    for (const method::MethodCurve& curve : race->curves)
        result["race"].push_back(report::toJson(curve));
    return result;
}

report::FigureRequest errorFigure(const std::string& label,
                                  const std::vector<spectra::Spectrum>& spectra) {
    return {
        .title = "Error against rank: " + label,
        .figure = report::SpectraFigure{.plots = report::SpectraPlots::Error, .spectra = spectra}};
}

/// A figure of a race has room for one matrix.
void requireOneMatrix(const OutputFile& file, const ChosenMatrices& chosen) {
    if (file.isFigure() && chosen.matrices.size() != 1)
        throw usageError(fmt::format(
            "A figure of the methods shows one matrix, but {} are chosen: name one with --targets, "
            "or write .csv or .json.",
            chosen.matrices.size()));
}

void write(const OutputFile& file, const ChosenMatrices& chosen,
           const std::vector<spectra::Spectrum>& spectra, const std::vector<report::Curve>& curves,
           const std::optional<Race>& race, const Progress& progress) {
    const std::string label = printable(chosen.checkpoint.label());
    if (file.ending() == ".csv")
        file.writeText(race ? report::raceCsv(race->curves) : report::curvesCsv(curves));
    else if (file.ending() == ".json")
        file.writeText(jsonLine(document(curves, race)));
    else if (file.isFigure() && race)
        file.writeFigure(race->figure(label), progress);
    else if (file.isFigure())
        file.writeFigure(errorFigure(label, spectra), progress);
}

void run(const CurveOptions& options, Context& context) {
    options.race.check();
    const OutputFile file(options.out, {".csv", ".json", ".png", ".pdf", ".svg"}, context.progress);
    std::optional<report::RankRange> range;
    if (!options.ranks.empty()) range = report::parseRankRange(options.ranks);
    const ChosenMatrices chosen = choose(options.matrices, context);
    file.refuseSource(chosen.checkpoint);
    if (range) report::requireRanks(*range, chosen.matrices);
    if (options.race.wanted()) requireOneMatrix(file, chosen);
    const auto calibration = options.race.open(chosen.checkpoint, context.progress);
    const auto spectra = spectraOf(chosen, context, !options.noCache, false).spectra;
    const auto curves = makeCurves(spectra, range);
    std::optional<Race> race;
    if (calibration) race = options.race.run(calibration, chosen, range, context);
    write(file, chosen, spectra, curves, race, context.progress);
    context.output.result(document(curves, race),
                          [&] { return race ? race->text() : text(curves); });
}

}  // namespace

Run declareCurve(CLI::App& app) {
    auto options = std::make_shared<CurveOptions>();
    options->matrices.addTo(app);
    app.add_option("--ranks", options->ranks,
                   "First, last and step; the last is cut at each matrix's full rank "
                   "(default: 0 to full rank in at most 64 steps)")
        ->type_name("A:B:STEP");
    app.add_option("--out", options->out, "Also write .csv, .json, .png, .pdf or .svg")
        ->type_name("FILE");
    app.add_flag("--no-cache", options->noCache, "Compute again; neither read nor write the cache");
    options->race.addTo(app);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
