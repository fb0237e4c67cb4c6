// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>

#include "core/spectra/permutation_null.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// Everything drawn with singular values beside the curves themselves.
struct OverlayChoice {
    bool powerLaw = false;
    bool nullBand = false;
    std::map<std::string, spectra::NullSpectrum> nulls;  ///< by matrix; those that are known
};

/// Adds to the plot of `spectra` (spectrumData) the fitted power laws and the bands of the null.
/// A law of k eigenvalues from x_min on puts the i-th singular value at
/// √x_min · (i / k)^(-1 / (2(α - 1))), i <= k: the share i / k of the tail lies above it.
/// Nothing is added to more than mostNamedCurves curves; the plot's note then says so.
void addOverlays(PlotData& data, Spectra spectra, const AxesChoice& axes,
                 const OverlayChoice& choice);

}  // namespace rankscope::ui
