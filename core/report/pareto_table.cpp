// SPDX-License-Identifier: Apache-2.0
#include "core/report/pareto_table.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "core/base/error.h"
#include "core/base/number_text.h"
#include "core/report/table_text.h"
#include "core/search/pareto.h"

namespace rankscope::report {

using search::ParetoFront;
using search::ParetoPoint;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

ParetoCell textCell(std::string words) { return {words, csvCell(words), none}; }

ParetoCell numberCell(double value, int decimals) {
    if (!std::isfinite(value)) return {"–", "", none};
    return {fmt::format("{:.{}f}", value, decimals), fmt::format("{}", value), value};
}

ParetoCell ridgeCell(const ParetoPoint& point) {
    if (!point.ridge) return {"", "", none};
    return {fmt::format("{:g}", *point.ridge), fmt::format("{}", *point.ridge), *point.ridge};
}

std::vector<ParetoCell> row(const ParetoFront& front, const ParetoPoint& point, bool dense) {
    const double share =
        100 * static_cast<double>(point.parameters) / static_cast<double>(front.denseParameters);
    std::vector<ParetoCell> cells = {
        textCell(dense ? "dense" : point.method),
        textCell(point.allocation),
        ridgeCell(point),
        ParetoCell{dense ? "" : fmt::format("{:g} %", 100 * point.budget),
                   fmt::format("{}", point.budget), point.budget},
        ParetoCell{fmt::format("{} ({:.1f} %)", groupedNumber(point.parameters), share),
                   fmt::format("{}", point.parameters), static_cast<double>(point.parameters)},
        numberCell(point.loss, 4)};
    if (front.denseRouge)
        for (const double mean : point.rouge.value_or(search::RougeMeans{none, none, none, none}))
            cells.push_back(numberCell(mean, 2));
    const double onFront = point.onFront ? 1 : 0;
    cells.push_back(
        dense ? ParetoCell{"", "", none}
              : ParetoCell{point.onFront ? "*" : "", fmt::format("{}", onFront), onFront});
    return cells;
}

}  // namespace

std::vector<ParetoColumn> paretoColumns(const ParetoFront& front) {
    std::vector<ParetoColumn> columns = {
        {"method", "method", "How matrices are approximated (--method)", true},
        {"allocation", "allocation", "How the budget is distributed (--allocation)", true},
        {"ridge", "ridge", "Ridge that the factors were made with (--ridge)"},
        {"budget", "budget", "Kept share of the model's parameters that was asked for"},
        {"parameters", "parameters", "Parameters of the whole model, as stored"},
        {"loss", "loss", "Mean of -log p over all tokens of the references (nats)"}};
    if (front.denseRouge)
        for (const text::RougeType type : text::rougeTypes)
            columns.push_back(
                {text::rougeName(type), text::rougeTitle(type), "Mean F of the summaries, × 100"});
    columns.push_back({"on_front", "front", "*: no other setting stores as little and loses less"});
    return columns;
}

std::vector<std::vector<ParetoCell>> paretoCells(const ParetoFront& front) {
    ParetoPoint dense;
    dense.budget = 1;
    dense.parameters = front.denseParameters;
    dense.loss = front.denseLoss;
    dense.rouge = front.denseRouge;
    std::vector<std::vector<ParetoCell>> rows = {row(front, dense, true)};
    for (const ParetoPoint& point : front.points) rows.push_back(row(front, point, false));
    return rows;
}

std::string paretoCsv(const ParetoFront& front) {
    std::string text;
    const auto add = [&text](std::string_view cell, bool last) {
        text += cell;
        text += last ? "\r\n" : ",";
    };
    const std::vector<ParetoColumn> columns = paretoColumns(front);
    for (std::size_t c = 0; c < columns.size(); ++c) add(columns[c].key, c + 1 == columns.size());
    for (const std::vector<ParetoCell>& cells : paretoCells(front))
        for (std::size_t c = 0; c < cells.size(); ++c) add(cells[c].csv, c + 1 == cells.size());
    return text;
}

std::string measuredOn(const ParetoFront& front) {
    if (front.data.empty())
        return fmt::format("{} held-out dialogues of the calibration", front.dialogues);
    return fmt::format("{} dialogues of {}", front.dialogues,
                       printable(std::filesystem::path(front.data).filename().string(), 200));
}

}  // namespace rankscope::report
