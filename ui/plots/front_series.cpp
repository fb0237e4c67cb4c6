// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/front_series.h"

#include <QLocale>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/search/pareto.h"
#include "ui/plots/plot_style.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

using search::ParetoFront;
using search::ParetoPoint;

constexpr double logarithmicFrom = 5;  // largest over smallest

double percent(const ParetoFront& front, const ParetoPoint& point) {
    return 100 * static_cast<double>(point.parameters) / static_cast<double>(front.denseParameters);
}

/// The place of `name` in `names`, added if it is new.
std::size_t placeOf(std::vector<std::string>& names, const std::string& name) {
    const auto found = std::ranges::find(names, name);
    const auto place = static_cast<std::size_t>(found - names.begin());
    if (found == names.end()) names.push_back(name);
    return place;
}

/// Axes that show every mark and the dense model.
void fit(FrontPanel& panel) {
    double left = 100;
    double low = std::isfinite(panel.dense) ? panel.dense : std::numeric_limits<double>::max();
    double high = std::isfinite(panel.dense) ? panel.dense : 0;
    for (const FrontCurve& curve : panel.curves) {
        for (const FrontMark& mark : curve.marks) {
            left = std::min(left, mark.x);
            panel.xUpper = std::max(panel.xUpper, mark.x + 3);
            low = std::min(low, mark.y);
            high = std::max(high, mark.y);
        }
    }
    panel.xLower = std::max(0.0, left - 0.04 * (100 - left) - 1);
    if (!(high > 0) || low > high) return;
    panel.logY = panel.logY && low > 0 && high / low > logarithmicFrom;
    if (panel.logY) {
        panel.yLower = low / 1.25;
        panel.yUpper = high * 1.25;
    } else {
        const double margin = std::max(0.08 * (high - low), 0.01 * high);
        panel.yLower = std::max(0.0, low - margin);
        panel.yUpper = high + margin;
    }
}

FrontPanel makePanel(const ParetoFront& front, const QString& yTitle, double dense, bool logY,
                     const std::function<double(const ParetoPoint&)>& value) {
    FrontPanel panel;
    panel.yTitle = yTitle;
    panel.dense = dense;
    panel.logY = logY;
    std::vector<std::string> methods;
    std::vector<std::string> allocations;
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < front.points.size(); ++i) {
        const ParetoPoint& point = front.points[i];
        const std::size_t method = placeOf(methods, point.method);
        const std::size_t allocation = placeOf(allocations, point.allocation);
        const std::string label = point.method + ", " + point.allocation;
        const std::size_t place = placeOf(labels, label);
        if (place == panel.curves.size())
            panel.curves.push_back({QString::fromStdString(label), method, allocation, {}});
        const FrontMark mark{percent(front, point), value(point), i};
        if (!std::isfinite(mark.y)) continue;
        panel.curves[place].marks.push_back(mark);
        if (point.onFront) panel.front.push_back(mark);
    }
    const auto byParameters = [](const FrontMark& a, const FrontMark& b) { return a.x < b.x; };
    for (FrontCurve& curve : panel.curves) std::ranges::stable_sort(curve.marks, byParameters);
    std::ranges::stable_sort(panel.front, byParameters);
    fit(panel);
    return panel;
}

}  // namespace

std::vector<FrontPanel> frontPanels(const ParetoFront& front) {
    std::vector<FrontPanel> panels;
    panels.push_back(makePanel(front, tr("loss (mean over tokens)"), front.denseLoss, true,
                               [](const ParetoPoint& point) { return point.loss; }));
    if (front.denseRouge) {
        panels.push_back(makePanel(front, tr("ROUGE-1 (F × 100)"), front.denseRouge->front(), false,
                                   [](const ParetoPoint& point) {
                                       return point.rouge
                                                  ? point.rouge->front()
                                                  : std::numeric_limits<double>::quiet_NaN();
                                   }));
    }
    return panels;
}

QString settingName(const ParetoPoint& point) {
    return tr("%1, %2, %3 %")
        .arg(QString::fromStdString(point.method), QString::fromStdString(point.allocation),
             QLocale::c().toString(100 * point.budget, 'g', 4));
}

QString frontReadout(const ParetoFront& front, std::size_t point) {
    if (point >= front.points.size()) return {};
    const ParetoPoint& one = front.points[point];
    QString text =
        tr("%1: %2 parameters (%3 %), loss %4")
            .arg(settingName(one), grouped(one.parameters), fixed(percent(front, one), 1),
                 std::isfinite(one.loss) ? fixed(one.loss, 4) : tr("not finite"));
    if (one.rouge) {
        text += tr(", ROUGE-1 %1, -2 %2, -L %3, -Lsum %4")
                    .arg(fixed((*one.rouge)[0], 1), fixed((*one.rouge)[1], 1),
                         fixed((*one.rouge)[2], 1), fixed((*one.rouge)[3], 1));
    }
    return one.onFront ? text + tr(", on the front") : text;
}

std::vector<double> logarithmicTicks(double lower, double upper) {
    std::vector<double> ticks;
    if (!(lower > 0) || !(upper > lower)) return ticks;
    const bool powersOnly = upper / lower > 1e4;
    for (int power = static_cast<int>(std::floor(std::log10(lower)));
         power <= static_cast<int>(std::ceil(std::log10(upper))); ++power) {
        for (const double factor : {1.0, 2.0, 5.0}) {
            const double tick = factor * std::pow(10.0, power);
            if (tick >= lower && tick <= upper && (factor == 1 || !powersOnly))
                ticks.push_back(tick);
        }
    }
    return ticks;
}

}  // namespace rankscope::ui
