// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/compared_spectra.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

constexpr double roundingShare = 1e-6;  // of the largest value: below it is mostly rounding

Curve curveOf(const QString& label, const spectra::Spectrum& spectrum, double scale, double least) {
    const std::vector<double>& values = spectrum.singularValues();
    Curve curve;
    curve.label = label;
    curve.group = QStringLiteral("other");
    for (std::size_t i = 0; i < values.size(); ++i) {
        curve.x.push_back(static_cast<double>(i + 1));
        const double value = values[i] * scale;
        curve.y.push_back(value > least ? value : std::numeric_limits<double>::quiet_NaN());
    }
    return curve;
}

double largestOf(const spectra::Spectrum& spectrum) {
    return spectrum.size() == 0 ? 0 : spectrum.singularValues().front();
}

/// The axes show all that is drawn.
void fit(PlotData& data) {
    double low = std::numeric_limits<double>::max();
    double high = 0;
    double right = 1;
    for (const Curve& curve : data.curves) {
        right = std::max(right, curve.x.empty() ? 1 : curve.x.back());
        for (const double value : curve.y) {
            if (std::isfinite(value)) {
                low = std::min(low, value);
                high = std::max(high, value);
            }
        }
    }
    data.largestRank = std::llround(right);
    data.xLower = data.logX ? 1 / 1.03 : 1 - 0.015 * right;
    data.xUpper = data.logX ? right * 1.03 : right * 1.015;
    if (!(high > 0)) return;
    data.yLower = data.logY ? low / 1.3 : 0;
    data.yUpper = high * (data.logY ? 1.3 : 1.05);
    if (data.logY && data.yUpper / data.yLower < 20) {
        const double middle = std::sqrt(data.yUpper * data.yLower);
        data.yLower = middle / std::sqrt(20.0);
        data.yUpper = middle * std::sqrt(20.0);
    }
}

}  // namespace

PlotData comparedData(const spectra::MatrixComparison& matrix, const report::AxesChoice& axes) {
    PlotData data;
    data.logX = axes.logRank;
    data.logY = axes.logValue;
    data.xTitle = tr("index i");
    data.yTitle = axes.normalise ? tr("singular value σᵢ / σ₁ of A") : tr("singular value σᵢ");
    const double first = largestOf(matrix.a);
    const double scale = axes.normalise && first > 0 ? 1 / first : 1;
    const double largest = std::max({first, largestOf(matrix.b), largestOf(matrix.difference)});
    const double least = data.logY ? roundingShare * largest * scale : -1;
    data.curves = {curveOf(tr("A"), matrix.a, scale, least),
                   curveOf(tr("B"), matrix.b, scale, least),
                   curveOf(tr("A − B"), matrix.difference, scale, least)};
    data.curves[0].width = 4;  // where A and B are equal, B must be seen on it
    data.curves[1].width = 2;
    const bool cut = std::ranges::any_of(data.curves, [](const Curve& curve) {
        return std::ranges::any_of(curve.y, [](double value) { return std::isnan(value); });
    });
    if (cut) {
        data.note = largestOf(matrix.difference) > 0 ? tr("not drawn: below 10⁻⁶ of the largest")
                                                     : tr("A − B is 0: the matrices are equal");
    }
    fit(data);
    return data;
}

}  // namespace rankscope::ui
