// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

/// Singular values of one matrix of two checkpoints and of A - B, descending.
struct ComparedSpectra {
    std::string name;  ///< of the tensor
    std::vector<double> a, b, difference;
};

/// From an element of `matrices[]` of `compare --json`. Throws Error naming `what`.
ComparedSpectra comparedFromJson(const Json& matrix, const std::string& what);

/// The three spectra over the index, "A", "B" and "A − B". On a logarithmic axis values of 0 are
/// gaps, and what lies under 1e-6 of the largest is left out, mostly rounding; a note then says so.
PlotData comparedData(const ComparedSpectra& spectra, const AxesChoice& axes);

}  // namespace rankscope::ui
