// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/json.h"
#include "core/method/method_curves.h"
#include "core/report/figure_choices.h"
#include "core/report/heat_map.h"
#include "core/search/pareto.h"
#include "core/spectra/compare.h"
#include "core/spectra/spectrum.h"

namespace rankscope::report {

/// The plots that are drawn from spectra.
enum class SpectraPlots {
    SingularValues,  ///< of all spectra
    Error,           ///< relative error against rank
    Both,            ///< the two beside each other
    OneMatrix        ///< the blog post's view of one matrix: singular values and Frobenius error
};

struct SpectraFigure {
    SpectraPlots plots = SpectraPlots::SingularValues;
    std::vector<spectra::Spectrum> spectra = {};
    std::optional<std::int64_t> rank = {};  ///< at which a line is drawn and numbers are read
    AxesChoice axes = {};
    OverlayChoice overlays = {};
    Views views = {};  ///< the window's zoom; not in JSON
};

/// One number of every matrix, by layer and role.
struct HeatMapFigure {
    std::string metric = {};  ///< HeatMetric::name
    std::vector<spectra::Spectrum> spectra = {};
    std::optional<std::int64_t> rank = {};  ///< that of "relative-error"; nothing: full rank
    /// The window's map, each matrix at its own rank, which then is drawn in place of all above;
    /// not in JSON.
    std::optional<HeatMap> map = {};
};

/// Error on real activations against rank, one curve per method of one matrix.
struct MethodCurvesFigure {
    std::vector<method::MethodCurve> curves = {};
    std::optional<std::int64_t> rank = {};  ///< at which a line is drawn and numbers are read
    AxesChoice axes = plainAxes;
    Views views = {};  ///< the window's zoom; not in JSON
};

/// Loss and ROUGE against parameters.
struct ParetoFigure {
    search::ParetoFront front = {};
};

/// Spectra of two checkpoints and of their difference, a plot per matrix.
struct ComparisonFigure {
    std::vector<spectra::MatrixComparison> matrices = {};
    AxesChoice axes = {};
};

using Figure =
    std::variant<SpectraFigure, HeatMapFigure, MethodCurvesFigure, ParetoFigure, ComparisonFigure>;

/// A figure and the file it is drawn into: what the window's Export asks for, and what the command
/// line sends to `rankscope --render`.
struct FigureRequest {
    std::filesystem::path out = {};  ///< .png, .pdf or .svg
    std::string title = {};
    FigureSize size = {};
    Figure figure = {};
};

/// {"figure", "out", "width_mm", "height_mm", "dpi", "title", "spectra", and what the figure
/// needs}: "figure" is one of spectrum, error, both, seed (one matrix), heat-map, race (methods'
/// curves), pareto and compare. "rank", "log_rank", "log_value", "normalise", "power_law" and
/// "null" of a spectrum are there if they differ from what is usual; "metric" with heat-map;
/// "race", "pareto" and "compared" hold what `curve`, `pareto` and `compare` print with --json.
Json toJson(const FigureRequest& request);

/// The inverse. Throws Error, mostly of kind Usage, naming `what` and the place in it.
FigureRequest figureRequestFromJson(const Json& document, const std::string& what);

/// The map that is drawn.
HeatMap heatMapOf(const HeatMapFigure& figure);

}  // namespace rankscope::report
