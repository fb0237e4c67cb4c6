// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/spectra/compare.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// The singular values of A, B and A - B over the index, "A", "B" and "A − B". On a logarithmic
/// axis values of 0 are gaps, and what lies under 1e-6 of the largest is left out, mostly rounding;
/// a note then says so.
PlotData comparedData(const spectra::MatrixComparison& matrix, const report::AxesChoice& axes);

}  // namespace rankscope::ui
