// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "app/cli/checkpoint_options.h"
#include "core/report/analysis_tables.h"

namespace rankscope::cli {

/// --power-law, --alpha-bootstrap and --null.
struct AnalysisOptions {
    bool powerLaw = false;
    int resamples = 0;    ///< of the bootstrap of alpha; 0: none
    int nullRepeats = 0;  ///< 0: none

    void addTo(CLI::App& app);
    bool wanted() const { return powerLaw || nullRepeats > 0; }
};

/// One analysis a spectrum, of the matrices in the same order; empty if none is wanted. For the
/// null the weights are read again, and the backend is loaded only for that.
std::vector<report::SpectrumAnalysis> analyse(const ChosenMatrices& chosen,
                                              const std::vector<spectra::Spectrum>& spectra,
                                              const AnalysisOptions& options,
                                              const Context& context);

/// Columns of the text table, and a matrix's cells in them.
std::vector<std::string> analysisHeader(const AnalysisOptions& options);
std::vector<std::string> analysisCells(const report::SpectrumAnalysis& analysis);
/// Why fits failed, one line a matrix, and what the columns mean.
std::string analysisNotes(const std::vector<spectra::Spectrum>& spectra,
                          const std::vector<report::SpectrumAnalysis>& analyses);

}  // namespace rankscope::cli
