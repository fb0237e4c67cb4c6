// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/spectra/permutation_null.h"
#include "core/spectra/power_law.h"

namespace rankscope::report {

/// The analyses asked for beside a spectrum.
struct SpectrumAnalysis {
    std::optional<spectra::PowerLawFit> powerLaw;
    std::optional<spectra::NullSpectrum> null;
};

/// The object `bootstrap` in `power_law`, and back; Error naming what is missing.
Json toJson(const spectra::AlphaBootstrap& bootstrap);
spectra::AlphaBootstrap alphaBootstrapFromJson(const JsonReader& reader);
/// The fields `power_law` and `null` of an element of `spectra[]` (docs/command_line_events.md).
/// Where a fit failed its numbers are null and `reason` is a sentence.
Json toJson(const spectra::PowerLawFit& fit);
Json toJson(const spectra::NullSpectrum& null);
/// The inverse of toJson(NullSpectrum). Throws Error naming what is missing.
spectra::NullSpectrum nullFromJson(const JsonReader& reader);
/// Adds what there is of `analysis` to the JSON of a spectrum.
void addAnalysis(Json& spectrum, const SpectrumAnalysis& analysis);

/// spectraCsv() with the columns null_mean,null_low,null_high and power_law_alpha,
/// power_law_standard_error,power_law_x_min,power_law_ks_distance,power_law_tail (the same in every
/// row of a matrix, empty if the fit failed), with a bootstrap
/// power_law_bootstrap_deviation,power_law_bootstrap_low,power_law_bootstrap_high behind them:
/// those that were asked for. One analysis a spectrum.
std::string spectraCsv(std::span<const spectra::Spectrum> spectra,
                       std::span<const SpectrumAnalysis> analyses);

}  // namespace rankscope::report
