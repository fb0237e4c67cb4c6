// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "core/base/progress.h"
#include "core/report/figure_request.h"

namespace rankscope::report {

/// The window's program beside this one, if it is installed.
std::optional<std::filesystem::path> windowProgram();

/// Throws Error saying how to get the window's program if it is not installed.
void requireFigures();

/// Has the window's own plot code draw the figure, in a child process (`rankscope --render`) on
/// Qt's offscreen platform, so that this program needs no Qt; under a temporary name first. Throws
/// Error with the program's own message if it fails, and of kind Interrupted on a stop.
void drawFigure(const FigureRequest& request, const Progress& progress);

}  // namespace rankscope::report
