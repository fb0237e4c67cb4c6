// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/plot_series.h"

#include <QLocale>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/checkpoint/weight_matrix.h"
#include "ui/plots/plot_style.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

constexpr std::int64_t postFirstRank = 32;

QString number(double value) { return QLocale::c().toString(value, 'g', 6); }

Curve emptyCurve(const spectra::Spectrum& spectrum) {
    const auto matrix = checkpoint::matrixOfTensorName(spectrum.name());
    Curve curve;
    curve.label = shortName(spectrum.name());
    curve.group = matrix ? QString::fromStdString(std::string(checkpoint::roleName(matrix->role)))
                         : QStringLiteral("other");
    return curve;
}

void add(PlotData& data, Curve& curve, double x, double y) {
    curve.x.push_back(x);
    const bool gap = data.logY && !(y > 0);
    curve.y.push_back(gap ? std::numeric_limits<double>::quiet_NaN() : y);
}

/// A logarithmic axis needs a decade or more to have labelled ticks at both ends.
void fitLogarithmic(double smallest, double largest, PlotData& data) {
    data.yLower = smallest / 1.3;
    data.yUpper = largest * 1.3;
    if (data.yUpper / data.yLower < 20) {
        const double middle = std::sqrt(data.yUpper * data.yLower);
        data.yLower = middle / std::sqrt(20.0);
        data.yUpper = middle * std::sqrt(20.0);
    }
}

/// Where all curves are of one block, its name ("encoder 0 ") is left out of the legend.
void shortenLabels(PlotData& data) {
    if (data.curves.size() < 2) return;
    const QString& first = data.curves.front().label;
    const QString prefix = first.left(first.lastIndexOf(QLatin1Char(' ')) + 1);
    const bool shared = std::all_of(data.curves.begin(), data.curves.end(), [&](const Curve& c) {
        return c.label.startsWith(prefix) && c.label.lastIndexOf(QLatin1Char(' ')) < prefix.size();
    });
    if (shared)
        for (Curve& curve : data.curves) curve.label.remove(0, prefix.size());
}

PlotData emptyData(Spectra spectra, const report::AxesChoice& axes) {
    PlotData data;
    data.logX = axes.logRank;
    data.logY = axes.logValue;
    data.xTitle = tr("rank r");
    for (const auto* spectrum : spectra)
        data.largestRank = std::max(data.largestRank, spectrum->size());
    return data;
}

/// "0.12" for one value, "0.10 … 0.34" for several.
QString range(std::vector<double> values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *low == *high ? number(*low) : tr("%1 … %2").arg(number(*low), number(*high));
}

}  // namespace

void fitAxes(PlotData& data) {
    double smallest = std::numeric_limits<double>::infinity();
    double largest = 0;
    double right = 1;
    double left = std::numeric_limits<double>::infinity();
    const auto include = [&](const std::vector<double>& x, const std::vector<double>& y) {
        for (std::size_t i = 0; i < y.size(); ++i) {
            left = std::min(left, x[i]);
            right = std::max(right, x[i]);
            if (std::isfinite(y[i])) {
                smallest = std::min(smallest, y[i]);
                largest = std::max(largest, y[i]);
            }
        }
    };
    for (const Curve& curve : data.curves) include(curve.x, curve.y);
    for (const Overlay& overlay : data.overlays) {
        include(overlay.x, overlay.low);
        include(overlay.x, overlay.high);
    }
    if (!std::isfinite(left)) {
        left = data.logX ? 1 : 0;
        right = 10;
    }
    if (!(largest > 0)) {
        smallest = 0.1;
        largest = 1;
    }
    data.xLower = data.logX ? std::max(left, 1.0) / 1.03 : left;
    data.xUpper = data.logX ? right * 1.03 : right;
    if (!data.logX) {
        const double margin = 0.015 * std::max(1.0, right - left);
        data.xLower -= margin;
        data.xUpper += margin;
    }
    if (data.logY) {
        fitLogarithmic(smallest, largest, data);
    } else {
        data.yLower = 0;
        data.yUpper = largest * 1.05;
    }
}

PlotData spectrumData(Spectra spectra, const report::AxesChoice& axes) {
    PlotData data = emptyData(spectra, axes);
    data.xTitle = tr("index i");
    data.yTitle = axes.normalise ? tr("singular value σᵢ / σ₁") : tr("singular value σᵢ");
    bool zeros = false;
    for (const auto* spectrum : spectra) {
        Curve curve = emptyCurve(*spectrum);
        const auto& values = spectrum->singularValues();
        const double scale = axes.normalise && values.front() > 0 ? 1.0 / values.front() : 1.0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            add(data, curve, static_cast<double>(i + 1), values[i] * scale);
            zeros = zeros || values[i] == 0;
        }
        data.curves.push_back(std::move(curve));
    }
    if (zeros && axes.logValue)
        data.note = tr("singular values of exactly 0 cannot be drawn on this axis");
    shortenLabels(data);
    fitAxes(data);
    return data;
}

PlotData errorData(Spectra spectra, const report::AxesChoice& axes) {
    PlotData data = emptyData(spectra, axes);
    data.yTitle = tr("relative Frobenius error ‖W − Wᵣ‖ / ‖W‖");
    for (const auto* spectrum : spectra) {
        Curve curve = emptyCurve(*spectrum);
        for (std::int64_t rank = axes.logRank ? 1 : 0; rank <= spectrum->size(); ++rank)
            add(data, curve, static_cast<double>(rank), spectrum->relativeError(rank));
        data.curves.push_back(std::move(curve));
    }
    if (axes.logValue && !spectra.empty()) data.note = tr("0 at full rank (not on a log axis)");
    shortenLabels(data);
    fitAxes(data);
    return data;
}

PlotData frobeniusData(const spectra::Spectrum& spectrum, const report::AxesChoice& axes) {
    const spectra::Spectrum* const one[] = {&spectrum};
    PlotData data = emptyData(one, axes);
    data.yTitle = tr("Frobenius error ‖W − Wᵣ‖");
    Curve curve = emptyCurve(spectrum);
    const std::int64_t first = spectrum.size() > postFirstRank ? postFirstRank : 1;
    for (std::int64_t rank = first; rank <= spectrum.size(); ++rank)
        add(data, curve, static_cast<double>(rank), spectrum.error(rank));
    data.curves.push_back(std::move(curve));
    if (axes.logValue) data.note = tr("0 at full rank (not on a log axis)");
    fitAxes(data);
    return data;
}

QString spectrumReadout(Spectra spectra, std::int64_t rank, bool normalise) {
    std::vector<double> values;
    for (const auto* spectrum : spectra) {
        const auto& all = spectrum->singularValues();
        const auto place = static_cast<std::size_t>(
            std::clamp<std::int64_t>(rank, 1, static_cast<std::int64_t>(all.size())));
        values.push_back(all[place - 1] / (normalise && all.front() > 0 ? all.front() : 1.0));
    }
    if (values.empty()) return {};
    return tr("i = %1   %2 = %3")
        .arg(rank)
        .arg(normalise ? tr("σᵢ/σ₁") : tr("σᵢ"), range(std::move(values)));
}

QString errorReadout(Spectra spectra, std::int64_t rank) {
    std::vector<double> values;
    for (const auto* spectrum : spectra) {
        values.push_back(
            spectrum->relativeError(std::clamp<std::int64_t>(rank, 0, spectrum->size())));
    }
    return values.empty() ? QString()
                          : tr("r = %1   error = %2").arg(rank).arg(range(std::move(values)));
}

QString frobeniusReadout(const spectra::Spectrum& spectrum, std::int64_t rank) {
    const auto own = std::clamp<std::int64_t>(rank, 0, spectrum.size());
    return tr("r = %1   ‖W − Wᵣ‖ = %2\n%3 % of ‖W‖")
        .arg(own)
        .arg(number(spectrum.error(own)), number(100 * spectrum.relativeError(own)));
}

}  // namespace rankscope::ui
