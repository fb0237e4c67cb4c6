// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "core/spectra/permutation_null.h"

namespace rankscope::report {

/// Size of a figure on paper; text is set as at 96 dpi whatever the resolution.
struct FigureSize {
    double widthMm = 160;
    double heightMm = 100;
    int dpi = 300;  ///< of PNG
};

/// The user's choices for the axes.
struct AxesChoice {
    bool logRank = false;
    bool logValue = true;
    bool normalise = false;  ///< singular values divided by the largest of their matrix, errors of
                             ///< methods by those of svd
};

/// The axes of the blog post, and usually of methods' curves.
inline constexpr AxesChoice plainAxes{.logRank = false, .logValue = false, .normalise = false};

/// Everything drawn with singular values beside the curves themselves.
struct OverlayChoice {
    bool powerLaw = false;
    bool nullBand = false;
    std::map<std::string, spectra::NullSpectrum> nulls;  ///< by matrix; those that are known
};

/// Ranges of one pair of axes.
struct View {
    double xLower, xUpper, yLower, yUpper;
};

/// Of the left and the right axes, if they are not to show everything.
using Views = std::array<std::optional<View>, 2>;

}  // namespace rankscope::report
