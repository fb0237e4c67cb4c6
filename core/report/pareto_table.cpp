// SPDX-License-Identifier: Apache-2.0
#include "core/report/pareto_table.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/base/error.h"
#include "core/base/number_text.h"
#include "core/report/table_text.h"
#include "core/search/pareto.h"
#include "core/text/rouge/rouge.h"

namespace rankscope::report {

using search::ParetoFront;
using search::ParetoPoint;

namespace {

struct FrontRow {
    const ParetoFront* front;
    const ParetoPoint* point;
    bool dense;
};

std::string shownBudget(const FrontRow& row) {
    return row.dense ? "" : fmt::format("{:g} %", 100 * row.point->budget);
}

std::string shownParameters(const FrontRow& row) {
    const double share = 100 * static_cast<double>(row.point->parameters) /
                         static_cast<double>(row.front->denseParameters);
    return fmt::format("{} ({:.1f} %)", groupedNumber(row.point->parameters), share);
}

std::string shownRidge(const FrontRow& row) {
    return row.point->ridge ? fmt::format("{:g}", *row.point->ridge) : "";
}

template <std::size_t type>
Value rougeMean(const FrontRow& row) {
    return row.point->rouge ? finiteOf((*row.point->rouge)[type]) : Value();
}

template <std::size_t type>
Column<FrontRow> rougeOfFront() {
    return {text::rougeName(text::rougeTypes[type]),
            text::rougeTitle(text::rougeTypes[type]),
            "",
            "Mean F of the summaries, × 100",
            rougeMean<type>,
            2};
}

Value onFront(const FrontRow& row) {
    return row.dense ? Value() : Value(row.point->onFront ? 1.0 : 0.0);
}

std::vector<Column<FrontRow>> columnsOf(const ParetoFront& front) {
    std::vector<Column<FrontRow>> columns = {
        {"method", "method", "", "How matrices are approximated (--method)",
         [](const FrontRow& row) { return Value(row.dense ? "dense" : row.point->method); }, 0,
         nullptr, Side::Left},
        {"allocation", "allocation", "", "How the budget is distributed (--allocation)",
         [](const FrontRow& row) { return Value(row.point->allocation); }, 0, nullptr, Side::Left},
        {"ridge", "ridge", "", "Ridge that the factors were made with (--ridge)",
         [](const FrontRow& row) { return valueOf(row.point->ridge); }, 0, shownRidge},
        {"budget", "budget", "", "Kept share of the model's parameters that was asked for",
         [](const FrontRow& row) { return Value(row.point->budget); }, 0, shownBudget},
        {"parameters", "parameters", "", "Parameters of the whole model, as stored",
         [](const FrontRow& row) { return Value(row.point->parameters); }, 0, shownParameters},
        {"loss", "loss", "", "Mean of -log p over all tokens of the references (nats)",
         [](const FrontRow& row) { return finiteOf(row.point->loss); }, 4}};
    if (front.denseRouge)
        columns.insert(columns.end(), {rougeOfFront<0>(), rougeOfFront<1>(), rougeOfFront<2>(),
                                       rougeOfFront<3>()});
    columns.push_back({"on_front", "front", "",
                       "*: no other setting stores as little and loses less", onFront, 0,
                       [](const FrontRow& row) {
                           return std::string(!row.dense && row.point->onFront ? "*" : "");
                       },
                       Side::Centre});
    return columns;
}

}  // namespace

TableData paretoTable(const ParetoFront& front) {
    ParetoPoint dense;
    dense.budget = 1;
    dense.parameters = front.denseParameters;
    dense.loss = front.denseLoss;
    dense.rouge = front.denseRouge;
    std::vector<FrontRow> rows = {{&front, &dense, true}};
    for (const ParetoPoint& point : front.points) rows.push_back({&front, &point, false});
    return tableOf(columnsOf(front), rows);
}

std::string paretoCsv(const ParetoFront& front) { return toCsv(paretoTable(front)); }

std::string measuredOn(const ParetoFront& front) {
    if (front.data.empty())
        return fmt::format("{} held-out dialogues of the calibration", front.dialogues);
    return fmt::format("{} dialogues of {}", front.dialogues,
                       printable(std::filesystem::path(front.data).filename().string(), 200));
}

}  // namespace rankscope::report
