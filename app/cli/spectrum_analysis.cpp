// SPDX-License-Identifier: Apache-2.0
#include "app/cli/spectrum_analysis.h"

#include <fmt/format.h>

#include "core/spectra/for_each_matrix.h"

namespace rankscope::cli {

namespace {

const Option nullOption = {"null",
                           "Permutations",
                           "Compare with N matrices of the same entries in random places (--seed): "
                           "mean and 95 % band of each singular value",
                           "",
                           1,
                           10000,
                           "",
                           {}};

const Option bootstrapOption = {
    "alpha-bootstrap",
    "Resamples",
    "With --power-law: fit N resamples of the eigenvalues too (--seed), "
    "for the standard deviation and 95 % interval of alpha",
    "",
    20,
    100000,
    "",
    {}};

}  // namespace

void AnalysisOptions::addTo(CLI::App& app) {
    const char* group = "Looking deeper";
    app.add_flag("--power-law", powerLaw,
                 "Fit a power law to the tail of the eigenvalues, with its x_min scan")
        ->group(group);
    addOption(app, bootstrapOption, resamples)->group(group)->needs("--power-law");
    addOption(app, nullOption, nullRepeats)->group(group);
}

std::vector<report::SpectrumAnalysis> analyse(const ChosenMatrices& chosen,
                                              const std::vector<spectra::Spectrum>& spectra,
                                              const AnalysisOptions& options,
                                              const Context& context) {
    if (!options.wanted()) return {};
    std::vector<report::SpectrumAnalysis> analyses(spectra.size());
    // Where the fits' part of the progress ends, and the nulls' begins.
    const double fits = options.resamples == 0 ? 0 : options.nullRepeats == 0 ? 1 : 0.5;
    const auto count = static_cast<double>(spectra.size());
    for (std::size_t i = 0; options.powerLaw && i < spectra.size(); ++i) {
        analyses[i].powerLaw = spectra::fitPowerLaw(spectra[i]);
        if (options.resamples == 0) continue;
        const auto place = static_cast<double>(i);
        const PartProgress part(context.progress, fits * place / count, fits * (place + 1) / count);
        analyses[i].powerLaw->bootstrap = spectra::bootstrapAlpha(
            spectra::fittedEigenvalues(spectra[i]),
            {options.resamples, context.options.seed, context.options.threads}, part);
    }
    if (options.nullRepeats == 0) return analyses;
    const backend::Compute compute = loadCompute(context);
    spectra::NullOptions how;
    how.repeats = options.nullRepeats;
    how.seed = context.options.seed;
    for (std::size_t i = 0; i < spectra.size(); ++i) {
        const Matrix weight = chosen.checkpoint.readMatrix(chosen.matrices[i]);
        spectra::requireFinite(weight, spectra[i].name());
        const auto place = static_cast<double>(i);
        const PartProgress part(context.progress, fits + (1 - fits) * place / count,
                                fits + (1 - fits) * (place + 1) / count);
        analyses[i].null = spectra::permutationNull(weight, spectra[i], how, compute, part);
    }
    return analyses;
}

std::vector<std::string> analysisHeader(const AnalysisOptions& options) {
    std::vector<std::string> header;
    if (options.powerLaw) header = {"alpha", "std. error", "KS", "x_min", "tail"};
    if (options.resamples > 0) header.insert(header.end(), {"bootstrap", "95 % of alpha"});
    if (options.nullRepeats > 0) header.insert(header.end(), {"above null", "largest null"});
    return header;
}

std::vector<std::string> analysisCells(const report::SpectrumAnalysis& analysis) {
    std::vector<std::string> cells;
    if (const auto& fit = analysis.powerLaw; fit && fit->failed)
        cells = {"failed", "-", "-", "-", "-"};
    else if (fit)
        cells = {fmt::format("{:.3f}", fit->alpha), fmt::format("{:.3f}", fit->standardError),
                 fmt::format("{:.3f}", fit->ksDistance), fmt::format("{:.4g}", fit->xMin),
                 fmt::format("{}", fit->tail)};
    if (const auto& fit = analysis.powerLaw; fit && fit->bootstrap) {
        const spectra::AlphaBootstrap& bootstrap = *fit->bootstrap;
        if (bootstrap.failed)
            cells.insert(cells.end(), {"failed", "-"});
        else
            cells.insert(cells.end(),
                         {fmt::format("{:.3f}", bootstrap.deviation),
                          fmt::format("{:.3f} to {:.3f}", bootstrap.low, bootstrap.high)});
    }
    if (const auto& null = analysis.null)
        cells.insert(cells.end(),
                     {fmt::format("{}", null->above), fmt::format("{:.5g}", null->largest)});
    return cells;
}

std::string analysisNotes(const std::vector<spectra::Spectrum>& spectra,
                          const std::vector<report::SpectrumAnalysis>& analyses) {
    if (analyses.empty()) return {};
    std::string notes;
    if (analyses.front().powerLaw)
        notes +=
            "alpha, x_min: power law of the eigenvalues s² from x_min on; "
            "KS: Kolmogorov-Smirnov distance\n";
    if (const auto& fit = analyses.front().powerLaw; fit && fit->bootstrap)
        notes += fmt::format(
            "bootstrap: standard deviation of alpha over fits to {} resamples of the eigenvalues, "
            "x_min sought anew in each; std. error takes x_min as given\n",
            fit->bootstrap->resamples);
    for (std::size_t i = 0; i < analyses.size(); ++i)
        if (const auto& fit = analyses[i].powerLaw; fit && fit->failed)
            notes += fmt::format("{}: no power law fitted. {}\n", printable(spectra[i].name()),
                                 fit->reason);
    if (const auto& null = analyses.front().null)
        notes += fmt::format(
            "above null: leading singular values above the 95 % band of {} matrices with "
            "permuted entries\n",
            null->repeats);
    return notes;
}

}  // namespace rankscope::cli
