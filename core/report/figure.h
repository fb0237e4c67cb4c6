// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/method/method_curves.h"
#include "core/report/analysis_tables.h"
#include "core/spectra/spectrum.h"

namespace rankscope::report {

/// One figure, drawn by the window's own plot code in a child process (`rankscope --render`) on
/// Qt's offscreen platform, so that this program needs no Qt.
struct FigureRequest {
    /// "spectrum", "error", "seed" (the blog post's view), "heat-map", "race", "pareto", "compare"
    std::string figure;
    std::filesystem::path out;  ///< .png, .pdf or .svg
    std::string title;
    std::string metric;  ///< what a heat map shows (HeatMetric::name)
    double widthMm = 160;
    double heightMm = 100;
    int dpi = 300;
    std::vector<const spectra::Spectrum*> spectra;  ///< not owned
    /// Drawn with singular values; empty, or one of each spectrum.
    std::vector<SpectrumAnalysis> analyses;
    std::vector<method::MethodCurve> race;  ///< of one matrix, for "race", which needs no spectra
    std::optional<std::int64_t> rank;       ///< where the rank line stands
    Json pareto = {};                       ///< of "pareto": evaluate::toJson(ParetoFront)
    Json compared = {};                     ///< of "compare": a list of toJson(MatrixComparison)
};

/// The window's program beside this one, where it is installed.
std::optional<std::filesystem::path> windowProgram();

/// Throws Error saying how to get the window's program where it is not installed.
void requireFigures();

/// Draws, under a temporary name first. Throws Error with the program's own message where it
/// fails, and of kind Interrupted on a stop.
void drawFigure(const FigureRequest& request, const Progress& progress);

}  // namespace rankscope::report
