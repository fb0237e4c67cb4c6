// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/bar_series.h"

#include <QObject>
#include <algorithm>
#include <cmath>

#include "core/evaluate/bootstrap.h"
#include "core/evaluate/evaluation.h"
#include "core/report/evaluation_table.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

// The share of the axis that stays free above (or below) the longest bar for its number.
constexpr double headroom = 0.14;

std::size_t placeOf(std::string_view key) {
    const auto& columns = report::evaluationColumns();
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const auto& column) { return column.key == key; });
    return static_cast<std::size_t>(found - columns.begin());
}

void addInterval(Bar& bar, const evaluate::Interval& interval) {
    bar.hasInterval = std::isfinite(interval.low) && std::isfinite(interval.high);
    bar.low = interval.low;
    bar.high = interval.high;
}

void addOwnInterval(Bar& bar, const evaluate::EvaluationRun& run, std::string_view key) {
    for (std::size_t t = 0; t < text::rougeTypes.size(); ++t)
        if (run.hasRouge && text::rougeName(text::rougeTypes[t]) == key)
            addInterval(bar, run.rougeIntervals[t]);
    if (key != "loss" || run.results.empty()) return;
    std::vector<double> sums;
    std::vector<double> tokens;
    for (const auto& result : run.results) {
        if (std::isfinite(result.lossSum) && result.lossTokens > 0) {
            sums.push_back(result.lossSum);
            tokens.push_back(static_cast<double>(result.lossTokens));
        }
    }
    addInterval(bar, evaluate::bootstrapRatio(sums, tokens, {}));
}

void setRange(BarData& data) {
    double low = 0;
    double high = 0;
    for (const Bar& bar : data.bars) {
        low = std::min({low, bar.value, bar.hasInterval ? bar.low : 0});
        high = std::max({high, bar.value, bar.hasInterval ? bar.high : 0});
    }
    const double span = high > low ? high - low : 1;
    data.yLower = low < 0 ? low - headroom * span : 0;
    data.yUpper = high > 0 || low == 0 ? high + headroom * span : 0;
}

bool anyInterval(const BarData& data) {
    return std::ranges::any_of(data.bars, [](const Bar& bar) { return bar.hasInterval; });
}

}  // namespace

BarData valueBars(const evaluate::Evaluation& evaluation, std::string_view key) {
    const std::size_t column = placeOf(key);
    const auto cells = report::evaluationCells(evaluation);
    const auto names = runNames(evaluation);
    BarData data;
    for (std::size_t run = 0; run < cells.size(); ++run) {
        const auto& cell = cells[run].at(column);
        if (std::isfinite(cell.value)) {
            Bar bar{.label = names[run], .value = cell.value, .text = toQString(cell.text)};
            addOwnInterval(bar, evaluation.runs[run], key);
            data.bars.push_back(bar);
        }
    }
    data.yTitle = toQString(report::titleOf(report::evaluationColumns().at(column)));
    if (anyInterval(data)) data.yTitle = QObject::tr("%1,\nwith 95 % interval").arg(data.yTitle);
    setRange(data);
    return data;
}

BarData differenceBars(const evaluate::Evaluation& evaluation, std::string_view key) {
    const std::size_t column = placeOf(key);
    const auto& about = report::evaluationColumns().at(column);
    const auto cells = report::evaluationCells(evaluation);
    const auto names = runNames(evaluation);
    BarData data;
    for (std::size_t run = 1; run < cells.size(); ++run) {
        const auto& cell = cells[run].at(column);
        if (!std::isfinite(cell.difference)) continue;
        const QString number = QString::number(cell.difference, 'f', about.decimals);
        Bar bar{.label = names[run],
                .value = cell.difference,
                .text = cell.difference > 0 ? QString(QLatin1Char('+') + number) : number};
        if (cell.hasInterval) addInterval(bar, cell.interval);
        data.bars.push_back(bar);
    }
    const QString title = toQString(report::titleOf(about));
    const QString baseline = names.empty() ? QString() : names.front();
    data.yTitle =
        anyInterval(data)
            ? QObject::tr("%1 minus that of %2,\nwith paired 95 % interval").arg(title, baseline)
            : QObject::tr("%1\nminus that of %2").arg(title, baseline);
    setRange(data);
    return data;
}

}  // namespace rankscope::ui
