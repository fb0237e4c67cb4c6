// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include <QString>

#include "core/report/figure_choices.h"

namespace rankscope::ui {

/// In pixels of 1/96 inch.
QSize layoutPixels(const report::FigureSize& size);

/// Limits that writeFigure() holds: 20 to 1000 mm, 30 to 1200 dpi, at most 200 million pixels.
/// Throws Error of kind Usage.
void checkSize(const report::FigureSize& size);

/// Writes the plot to a .png, .pdf or .svg file, atomically. Curves of an SVG are cut at the axes.
/// Throws Error for another ending, a size out of range, or a file that cannot be written.
void writeFigure(QCustomPlot& plot, const QString& path, const report::FigureSize& size,
                 const QString& title);

}  // namespace rankscope::ui
