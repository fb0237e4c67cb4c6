// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/text_table.h"
#include "core/report/spectrum_tables.h"
#include "core/spectra/metrics.h"

namespace rankscope::cli {

namespace {

struct SpectrumOptions {
    MatrixOptions matrices;
    std::string out;
    bool noCache = false;
};

Json document(const workspace::SpectraRun& run) {
    Json spectra = Json::array();
    for (const auto& spectrum : run.spectra) spectra.push_back(report::toJson(spectrum));
    return {{"spectra", std::move(spectra)},
            {"seconds", run.seconds},
            {"threads", run.threads},
            {"device", run.device},
            {"from_cache", run.fromCache}};
}

std::string text(const workspace::SpectraRun& run) {
    TextTable table({"matrix", "rows", "columns", "Frobenius", "spectral", "stable rank",
                     "effective rank", "rank 90 %", "rank 95 %", "rank 99 %", "full rank"});
    bool direct = false;
    for (const spectra::Spectrum& spectrum : run.spectra) {
        const spectra::SpectrumMetrics metrics = spectra::computeMetrics(spectrum);
        const auto rank = [&](double energy) {
            return fmt::format("{}", spectrum.rankForEnergy(energy));
        };
        direct = direct || spectrum.direct();
        table.addRow({printable(spectrum.name()) + (spectrum.direct() ? " *" : ""),
                      fmt::format("{}", spectrum.rows()), fmt::format("{}", spectrum.columns()),
                      fmt::format("{:.5g}", metrics.frobeniusNorm),
                      fmt::format("{:.5g}", metrics.spectralNorm),
                      fmt::format("{:.1f}", metrics.stableRank),
                      fmt::format("{:.1f}", metrics.effectiveRank), rank(0.9), rank(0.95),
                      rank(0.99), fmt::format("{}", spectrum.size())});
    }
    std::string out = table.text();
    if (direct)
        out += "* by a direct float64 decomposition: the Gram matrix alone was not exact enough\n";
    return out + fmt::format(
                     "{} matrices ({} from the cache) in {:.2f} s on {}, {} threads; "
                     "float64 whatever the checkpoint's type\n",
                     run.spectra.size(), run.fromCache, run.seconds, run.device, run.threads);
}

void write(const OutputFile& file, const checkpoint::Checkpoint& checkpoint,
           const workspace::SpectraRun& run, const Json& result, const Context& context) {
    if (file.ending() == ".csv")
        file.writeText(report::spectraCsv(run.spectra));
    else if (file.ending() == ".json")
        file.writeText(jsonLine(result));
    else if (file.ending() == ".h5")
        workspace::writeSpectraHdf5(file.path(), checkpoint, run.spectra);
    else if (file.isFigure())
        file.writeFigure("spectrum", "Singular values: " + printable(checkpoint.label()),
                         run.spectra, context.progress);
}

}  // namespace

Run declareSpectrum(CLI::App& app) {
    auto options = std::make_shared<SpectrumOptions>();
    options->matrices.addTo(app);
    app.add_option("--out", options->out, "Also write .csv, .json, .h5, .png, .pdf or .svg")
        ->type_name("FILE");
    app.add_flag("--no-cache", options->noCache, "Compute again; neither read nor write the cache");
    return [options](Context& context) {
        const OutputFile file(options->out, {".csv", ".json", ".h5", ".png", ".pdf", ".svg"});
        const ChosenMatrices chosen = choose(options->matrices, context);
        file.refuseSource(chosen.checkpoint);
        const workspace::SpectraRun run = spectraOf(chosen, context, !options->noCache, true);
        const Json result = document(run);
        write(file, chosen.checkpoint, run, result, context);
        context.output.result(result, [&] { return text(run); });
    };
}

}  // namespace rankscope::cli
