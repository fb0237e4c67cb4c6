// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/report/figure_choices.h"
#include "core/spectra/spectrum.h"

namespace rankscope::ui {

/// One curve; a NaN in y is a gap (zeros cannot stand on a logarithmic axis).
struct Curve {
    QString label;  ///< e.g. "encoder 0 SelfAttention.q"
    QString group;  ///< the role, "q" … "head", or "other"
    std::vector<double> x, y;
    int style = -1;       ///< its place among the colours; below 0: its place in the plot
    bool points = false;  ///< markers alone: nothing is known between them
    int width = 1;        ///< of the pen, in pixels; 1 is by far the fastest
};

/// Up to this many curves each has its own colour, line style and legend entry; more are grouped
/// by role.
inline constexpr std::size_t mostNamedCurves = 8;

/// The overlay of no curve: grey.
inline constexpr std::size_t noCurve = static_cast<std::size_t>(-1);

/// Drawn beside a curve: a line (`high` empty), or the band between `low` and `high`. Without
/// points it is only an entry of the legend.
struct Overlay {
    std::size_t curve = 0;  ///< whose colour it takes
    QString label;          ///< in the legend; empty: none
    std::vector<double> x, low, high;
    bool plain = false;   ///< a line as thin as a curve in its full colour, not a broad pale one
    bool dashed = false;  ///< with plain
};

/// Everything a plot shows, without any widget.
struct PlotData {
    QString xTitle, yTitle;
    bool logX = false, logY = true;
    bool markers = false;  ///< curves are solid, told apart by markers; the legend stands below
    std::vector<Curve> curves;
    std::vector<Overlay> overlays;
    double xLower = 1, xUpper = 10, yLower = 0.1, yUpper = 1;  ///< axes that show all of it
    std::int64_t largestRank = 1;
    QString note;  ///< e.g. that zeros are not drawn; empty if there is nothing to say
};

/// Sets the axes to show every point of curves and overlays.
void fitAxes(PlotData& data);

using Spectra = std::span<const spectra::Spectrum* const>;

/// Singular value i against i = 1 … n.
PlotData spectrumData(Spectra spectra, const report::AxesChoice& axes);
/// ‖W - W_r‖ / ‖W‖ against r, from 0 (from 1 on a logarithmic rank axis) to n.
PlotData errorData(Spectra spectra, const report::AxesChoice& axes);
/// The blog post's curve: ‖W - W_r‖ against r from 32 (1 for smaller matrices) to n.
PlotData frobeniusData(const spectra::Spectrum& spectrum, const report::AxesChoice& axes);

/// The numbers at a rank, as the plots show them beside the rank line. Ranks above a matrix's own
/// full rank mean its full rank.
QString spectrumReadout(Spectra spectra, std::int64_t rank, bool normalise);
QString errorReadout(Spectra spectra, std::int64_t rank);
QString frobeniusReadout(const spectra::Spectrum& spectrum, std::int64_t rank);

}  // namespace rankscope::ui
