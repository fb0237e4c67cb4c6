// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/method_series.h"

#include <QLocale>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/method/method.h"
#include "core/method/method_curves.h"
#include "core/report/race_tables.h"
#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

const method::Method* methodOf(const std::string& name) {
    const auto table = method::methods();
    const auto found = std::ranges::find(table, name, &method::Method::name);
    return found == table.end() ? nullptr : &*found;
}

/// The divisor of errors: 1, or those of svd.
class Divisor {
 public:
    Divisor(MethodCurves curves, bool wanted) {
        const auto found = std::ranges::find(curves, "svd", &method::MethodCurve::method);
        if (wanted && found != curves.end()) m_svd = &*found;
    }
    bool used() const { return m_svd != nullptr; }
    double divided(double error, std::int64_t rank, bool heldOut) const {
        if (!m_svd) return error;
        const auto place = report::placeOfRank(*m_svd, rank);
        const auto& errors = heldOut ? m_svd->heldOutError : m_svd->activationError;
        if (!place || m_svd->ranks[*place] != rank || *place >= errors.size() ||
            !(errors[*place] > 0))
            return std::numeric_limits<double>::quiet_NaN();
        return error / errors[*place];
    }

 private:
    const method::MethodCurve* m_svd = nullptr;
};

/// The points that the axes can show; a zero on a logarithmic axis is a gap.
void addPoints(const method::MethodCurve& one, bool heldOut, const report::AxesChoice& axes,
               const Divisor& divisor, std::vector<double>& x, std::vector<double>& y) {
    const auto& errors = heldOut ? one.heldOutError : one.activationError;
    for (std::size_t i = 0; i < errors.size(); ++i) {
        if (axes.logRank && one.ranks[i] < 1) continue;
        const double error = divisor.divided(errors[i], one.ranks[i], heldOut);
        x.push_back(static_cast<double>(one.ranks[i]));
        y.push_back(axes.logValue && !(error > 0) ? std::numeric_limits<double>::quiet_NaN()
                                                  : error);
    }
}

/// Shares of svd's error: those far above it, near full rank, must not flatten the others.
void fitShares(PlotData& data) {
    constexpr double most = 1.5;
    double least = 1;
    double largest = 1;
    const auto include = [&](const std::vector<double>& values) {
        for (const double y : values) {
            if (std::isfinite(y)) {
                least = std::min(least, y);
                largest = std::max(largest, y);
            }
        }
    };
    for (const Curve& curve : data.curves) include(curve.y);
    for (const Overlay& overlay : data.overlays) include(overlay.low);
    data.yUpper = std::min(largest, most) + 0.05;
    data.yLower = std::max(0.0, least - 0.05);
    if (data.yUpper < largest) data.note = tr("above %1 not shown").arg(data.yUpper);
}

void addKey(PlotData& data, const QString& label, bool dashed) {
    Overlay key;
    key.curve = noCurve;
    key.label = label;
    key.plain = true;
    key.dashed = dashed;
    data.overlays.push_back(std::move(key));
}

}  // namespace

QString methodLabel(const std::string& method) {
    const QString name = QString::fromStdString(method);
    const auto* known = methodOf(method);
    return known && known->preview ? tr("%1 (preview)").arg(name) : name;
}

int methodStyle(const std::string& method) {
    const auto* known = methodOf(method);
    return known ? static_cast<int>(known - method::methods().data()) : -1;
}

PlotData methodCurvesData(MethodCurves curves, const report::AxesChoice& axes) {
    PlotData data;
    data.logX = axes.logRank;
    data.logY = axes.logValue;
    data.markers = true;
    data.xTitle = tr("rank r");
    const Divisor divisor(curves, axes.normalise);
    data.yTitle = divisor.used() ? tr("error on activations / that of svd")
                                 : tr("error on activations ‖(W − Wᵣ)X‖ / ‖WX‖");
    bool heldOut = false;
    for (const method::MethodCurve& one : curves) {
        Curve curve;
        curve.label = methodLabel(one.method);
        curve.group = QStringLiteral("other");
        curve.style = methodStyle(one.method);
        const bool both = !one.heldOutError.empty();
        curve.points = !one.excessError.empty();
        addPoints(one, both, axes, divisor, curve.x, curve.y);
        data.largestRank = std::max(data.largestRank, one.ranks.empty() ? 1 : one.ranks.back());
        if (both && !curve.points) {
            Overlay seen;
            seen.curve = data.curves.size();
            seen.plain = true;
            seen.dashed = true;
            addPoints(one, false, axes, divisor, seen.x, seen.low);
            data.overlays.push_back(std::move(seen));
        }
        heldOut = heldOut || both;
        data.curves.push_back(std::move(curve));
    }
    if (heldOut) {
        addKey(data, tr("held-out dialogues"), false);
        addKey(data, tr("calibration dialogues"), true);
    } else if (!curves.empty()) {
        addKey(data, tr("calibration dialogues"), false);
    }
    fitAxes(data);
    if (divisor.used() && !axes.logValue) fitShares(data);
    return data;
}

QString methodCurvesReadout(MethodCurves curves, std::int64_t rank) {
    const method::MethodCurve* best = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const method::MethodCurve& one : curves) {
        const auto place = report::placeOfRank(one, rank);
        const auto& errors = one.heldOutError.empty() ? one.activationError : one.heldOutError;
        if (one.excessError.empty() && place && errors[*place] < least) {
            best = &one;
            least = errors[*place];
        }
    }
    if (!best) return {};
    const QString format = best->heldOutError.empty() ? tr("r = %1   best on calibration: %2, %3")
                                                      : tr("r = %1   best held out: %2, %3");
    return format.arg(rank).arg(QString::fromStdString(best->method),
                                QLocale::c().toString(least, 'g', 4));
}

}  // namespace rankscope::ui
