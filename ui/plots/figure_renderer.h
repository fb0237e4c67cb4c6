// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/method/method_curves.h"
#include "core/report/heat_map.h"
#include "core/search/pareto.h"
#include "ui/plots/compared_spectra.h"
#include "ui/plots/plot_export.h"
#include "ui/plots/plot_series.h"
#include "ui/plots/spectrum_overlays.h"

namespace rankscope::ui {

/// What a figure shows.
enum class FigureKind {
    Spectrum,      ///< singular values of all spectra
    Error,         ///< relative error against rank
    Both,          ///< the two side by side
    OneMatrix,     ///< the blog post's view of one matrix: singular values and Frobenius error
    HeatMap,       ///< one number of every matrix, by layer and role
    MethodCurves,  ///< error on real activations against rank, one curve per method
    Pareto,        ///< loss and ROUGE against parameters
    Compare        ///< spectra of two checkpoints and of their difference, a plot a matrix
};

/// Ranges of one pair of axes, where they are not to show everything.
struct View {
    double xLower, xUpper, yLower, yUpper;
};

/// A figure: made by the window's Export, or read from the request of `rankscope --render`.
struct FigureRequest {
    FigureKind kind = FigureKind::Spectrum;
    QString out;
    FigureSize size;
    QString title;
    std::vector<spectra::Spectrum> spectra;
    std::optional<std::int64_t> rank;
    AxesChoice axes;
    OverlayChoice overlays;
    std::vector<method::MethodCurve>
        methodCurves;                       ///< what FigureKind::MethodCurves shows; of one matrix
    report::HeatMap heatMap;                ///< what FigureKind::HeatMap shows
    search::ParetoFront front;              ///< what FigureKind::Pareto shows
    std::vector<ComparedSpectra> compared;  ///< what FigureKind::Compare shows
    std::array<std::optional<View>, 2> views;  ///< of the left and the right axes
};

/// The request {"figure","out","width_mm","height_mm","dpi","title","spectra","rank", and
/// optionally "log_rank","log_value","normalise","power_law", and "null" of each spectrum};
/// "heat-map" needs "metric" and takes "rank" as the rank of "relative-error". In place of spectra
/// "race" has "race", what `curve --calibration` prints of one matrix, "pareto" has "pareto" (what
/// `pareto --json` prints), and "compare" has "compared", elements of `matrices[]` of `compare
/// --json`. Throws Error naming `what` and the field.
FigureRequest figureRequestFromJson(const Json& document, const std::string& what);

/// The plots of a figure, left to right, as the window shows them.
std::vector<PlotData> figurePlots(FigureKind kind, Spectra spectra, const AxesChoice& axes,
                                  const OverlayChoice& overlays = {});

/// Draws the figure and writes it to request.out. Needs a QApplication. Throws Error.
void renderFigure(const FigureRequest& request);

}  // namespace rankscope::ui
