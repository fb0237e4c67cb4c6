// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/heat_map_options.h"
#include "app/cli/output_file.h"
#include "app/cli/spectrum_analysis.h"
#include "app/cli/text_table.h"
#include "core/report/figure_request.h"
#include "core/report/spectrum_tables.h"
#include "core/spectra/metrics.h"
#include "core/workspace/spectra_file.h"

namespace rankscope::cli {

namespace {

struct SpectrumOptions {
    MatrixOptions matrices;
    AnalysisOptions analysis;
    HeatMapOptions heatMap;
    std::string out;
    bool noCache = false;
};

/// The command's results: spectra, and one analysis for each if any was asked for.
struct SpectrumResult {
    workspace::SpectraRun run;
    std::vector<report::SpectrumAnalysis> analyses;
};

Json document(const SpectrumResult& result) {
    const workspace::SpectraRun& run = result.run;
    Json spectra = Json::array();
    for (const auto& spectrum : run.spectra) spectra.push_back(report::toJson(spectrum));
    for (std::size_t i = 0; i < result.analyses.size(); ++i)
        report::addAnalysis(spectra[i], result.analyses[i]);
    return {{"spectra", std::move(spectra)},
            {"seconds", run.seconds},
            {"threads", run.threads},
            {"device", run.device},
            {"from_cache", run.fromCache}};
}

std::string text(const SpectrumResult& result, const AnalysisOptions& analysis) {
    const workspace::SpectraRun& run = result.run;
    std::vector<std::string> header = {"matrix",    "rows",        "columns",        "Frobenius",
                                       "spectral",  "stable rank", "effective rank", "rank 90 %",
                                       "rank 95 %", "rank 99 %",   "full rank"};
    const auto more = analysisHeader(analysis);
    header.insert(header.end(), more.begin(), more.end());
    TextTable table(header);
    bool direct = false;
    for (std::size_t i = 0; i < run.spectra.size(); ++i) {
        const spectra::Spectrum& spectrum = run.spectra[i];
        const spectra::SpectrumMetrics metrics = spectra::computeMetrics(spectrum);
        const auto rank = [&](double energy) {
            return fmt::format("{}", spectrum.rankForEnergy(energy));
        };
        direct = direct || spectrum.direct();
        std::vector<std::string> cells = {
            printable(spectrum.name()) + (spectrum.direct() ? " *" : ""),
            fmt::format("{}", spectrum.rows()),
            fmt::format("{}", spectrum.columns()),
            fmt::format("{:.5g}", metrics.frobeniusNorm),
            fmt::format("{:.5g}", metrics.spectralNorm),
            fmt::format("{:.1f}", metrics.stableRank),
            fmt::format("{:.1f}", metrics.effectiveRank),
            rank(0.9),
            rank(0.95),
            rank(0.99),
            fmt::format("{}", spectrum.size())};
        if (!result.analyses.empty())
            for (std::string& cell : analysisCells(result.analyses[i]))
                cells.push_back(std::move(cell));
        table.addRow(std::move(cells));
    }
    std::string out = table.text() + analysisNotes(run.spectra, result.analyses);
    if (direct)
        out += "* by a direct float64 decomposition: the Gram matrix alone was not exact enough\n";
    return out + fmt::format(
                     "{} matrices ({} from the cache) in {:.2f} s on {}, {} threads; "
                     "float64 whatever the checkpoint's type\n",
                     run.spectra.size(), run.fromCache, run.seconds, run.device, run.threads);
}

report::FigureRequest spectrumFigure(const std::string& label, const SpectrumResult& result) {
    report::SpectraFigure figure{.spectra = result.run.spectra};
    for (std::size_t i = 0; i < result.analyses.size(); ++i) {
        const report::SpectrumAnalysis& analysis = result.analyses[i];
        if (analysis.powerLaw) figure.overlays.powerLaw = true;
        if (!analysis.null) continue;
        figure.overlays.nullBand = true;
        figure.overlays.nulls.emplace(figure.spectra[i].name(), *analysis.null);
    }
    return {.title = "Singular values: " + label, .figure = std::move(figure)};
}

void write(const OutputFile& file, const checkpoint::Checkpoint& checkpoint,
           const SpectrumResult& result, const HeatMapOptions& heatMap, const Context& context) {
    const workspace::SpectraRun& run = result.run;
    if (file.ending() == ".csv")
        file.writeText(report::spectraCsv(run.spectra, result.analyses));
    else if (file.ending() == ".json")
        file.writeText(jsonLine(document(result)));
    else if (file.ending() == ".h5")
        workspace::writeSpectraHdf5(file.path(), checkpoint, run.spectra);
    else if (file.isFigure())
        file.writeFigure(heatMap.wanted() ? heatMap.figure(printable(checkpoint.label()),
                                                           checkpoint.config().numLayers +
                                                               checkpoint.config().numDecoderLayers,
                                                           run.spectra)
                                          : spectrumFigure(printable(checkpoint.label()), result),
                         context.progress);
}

void run(const SpectrumOptions& options, Context& context) {
    options.heatMap.check();  // before the drawing program is looked for
    const OutputFile file(options.out, {".csv", ".json", ".h5", ".png", ".pdf", ".svg"},
                          context.progress);
    options.heatMap.requireFigure(file.isFigure());
    if (file.ending() == ".h5") workspace::requireReplaceableBySpectra(file.path());
    const ChosenMatrices chosen = choose(options.matrices, context);
    file.refuseSource(chosen.checkpoint);
    SpectrumResult result;
    result.run = spectraOf(chosen, context, !options.noCache, true);
    result.analyses = analyse(chosen, result.run.spectra, options.analysis, context);
    write(file, chosen.checkpoint, result, options.heatMap, context);
    context.output.result(document(result), [&] { return text(result, options.analysis); });
}

}  // namespace

Run declareSpectrum(CLI::App& app) {
    auto options = std::make_shared<SpectrumOptions>();
    options->matrices.addTo(app);
    app.add_option("--out", options->out, "Also write .csv, .json, .h5, .png, .pdf or .svg")
        ->type_name("FILE");
    app.add_flag("--no-cache", options->noCache, "Compute again; neither read nor write the cache");
    options->analysis.addTo(app);
    options->heatMap.addTo(app);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
