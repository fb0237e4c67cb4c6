// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include <QPen>

#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// Colour (Okabe-Ito) and line style of the n-th curve, and of a role. Width 1, which is fast.
QPen curvePen(std::size_t index);
QPen groupPen(const QString& group);
/// Of a curve of `data` (of no curve: grey), as drawPlot() draws it if it is named.
QPen penOf(const PlotData& data, std::size_t curve);

/// Replaces what an axis rectangle shows by `data`: curves, scales, titles, fonts. Ranges are set
/// to show everything. Legend entries go to `legend`, if there is one; it is shown if more
/// than one curve is drawn.
void drawPlot(QCPAxisRect& rect, const PlotData& data, QCPLegend* legend, int fontPixels);

/// Cuts every curve at the edges of its axes (SVG viewers of Qt 6.4's output do not clip).
void clipCurves(QCPAxisRect& rect);

}  // namespace rankscope::ui
