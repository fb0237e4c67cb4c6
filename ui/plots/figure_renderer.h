// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/report/figure_request.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// The plots of spectra, left to right, as the window shows them.
std::vector<PlotData> spectraPlots(report::SpectraPlots plots, Spectra spectra,
                                   const report::AxesChoice& axes,
                                   const report::OverlayChoice& overlays = {});

/// Draws the figure and writes it to request.out. Needs a QApplication. Throws Error.
void renderFigure(const report::FigureRequest& request);

}  // namespace rankscope::ui
