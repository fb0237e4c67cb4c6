// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "core/method/method_curves.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

using MethodCurves = std::span<const method::MethodCurve>;

/// Error on real activations against rank, one curve a method of one matrix: held-out dialogues
/// solid, calibration dialogues dashed and thin in the same colour. Where none are held out, the
/// calibration dialogues are solid. A method has its colour and marker whatever else is shown; a
/// preview is markers alone, at the ranks where it was made. `normalise` divides by the errors of
/// svd on the same dialogues, where svd takes part.
PlotData methodCurvesData(MethodCurves curves, const report::AxesChoice& axes);

/// "r = 48   best held out: whitened, 0.0871"; previews do not take part.
QString methodCurvesReadout(MethodCurves curves, std::int64_t rank);

/// A method's name as shown: a preview says that it is one.
QString methodLabel(const std::string& method);

/// A method's place among the colours.
int methodStyle(const std::string& method);

}  // namespace rankscope::ui
