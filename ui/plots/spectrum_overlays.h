// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/report/figure_choices.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// Adds to the plot of `spectra` (spectrumData) the fitted power laws and the bands of the null.
/// A law of k eigenvalues from x_min on puts the i-th singular value at
/// √x_min · (i / k)^(-1 / (2(α - 1))), i <= k: the share i / k of the tail lies above it.
/// Nothing is added to more than mostNamedCurves curves; the plot's note then says so.
void addOverlays(PlotData& data, Spectra spectra, const report::AxesChoice& axes,
                 const report::OverlayChoice& choice);

}  // namespace rankscope::ui
