// SPDX-License-Identifier: Apache-2.0
#include "core/report/race_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "core/method/method_curves.h"
#include "core/report/table_text.h"

namespace rankscope::report {

using method::MethodCurve;

namespace {

Value at(const std::vector<double>& values, std::size_t place) {
    return place < values.size() ? Value(values[place]) : Value();
}

/// Errors, none of them missing: as many as ranks, or none at all.
std::vector<double> errorsFrom(const Json& document, const char* key, std::size_t count) {
    const Json& list = document.at(key);
    if (list.is_null()) return {};
    auto values = list.get<std::vector<double>>();
    if (values.size() != count)
        throw Error(fmt::format("A race needs as many numbers in {} as it has ranks.", key));
    return values;
}

}  // namespace

const std::vector<Column<RacePlace>>& raceColumns() {
    static const std::vector<Column<RacePlace>> columns = {
        {"activation_error", "on calibration", "",
         "‖(W − Wᵣ)X‖ / ‖WX‖ on the calibration dialogues, which the factors were made from.",
         [](const RacePlace& row) { return at(row.curve->activationError, row.place); }},
        {"held_out_error", "held out", "",
         "‖(W − Wᵣ)X‖ / ‖WX‖ on the held-out dialogues, which no factor saw.",
         [](const RacePlace& row) { return at(row.curve->heldOutError, row.place); }},
        {"excess_error", "preview: over svd", "",
         "How far ‖W − W′‖ of a preview lies above that of svd, measured.",
         [](const RacePlace& row) {
             const auto& excess = row.curve->excessError;
             return row.place < excess.size() ? valueOf(excess[row.place]) : Value();
         }},
    };
    return columns;
}

std::optional<std::size_t> placeOfRank(const MethodCurve& curve, std::int64_t rank) {
    const auto above = std::ranges::upper_bound(curve.ranks, rank);
    if (above == curve.ranks.begin()) return std::nullopt;
    return static_cast<std::size_t>(above - curve.ranks.begin()) - 1;
}

Json toJson(const MethodCurve& curve) {
    Json document = {{"name", curve.name},
                     {"method", curve.method},
                     {"preview", !curve.excessError.empty()},
                     {"ranks", curve.ranks}};
    for (const Column<RacePlace>& column : raceColumns()) {
        Json values = Json::array();
        bool any = false;
        for (std::size_t place = 0; place < curve.ranks.size(); ++place) {
            const std::optional<double> value = numberOf(column.value({&curve, place}));
            any = any || value;
            values.push_back(value ? Json(*value) : Json());
        }
        document[std::string(column.key)] = any ? std::move(values) : Json();
    }
    return document;
}

MethodCurve raceCurveFromJson(const Json& document) {
    try {
        MethodCurve curve;
        curve.name = document.at("name").get<std::string>();
        curve.method = document.at("method").get<std::string>();
        curve.ranks = document.at("ranks").get<std::vector<std::int64_t>>();
        if (!std::ranges::is_sorted(curve.ranks))
            throw Error("The ranks of a race must be in ascending order.");
        curve.activationError = errorsFrom(document, "activation_error", curve.ranks.size());
        curve.heldOutError = errorsFrom(document, "held_out_error", curve.ranks.size());
        if (!document.at("preview").get<bool>()) return curve;
        const Json& excess = document.at("excess_error");
        for (std::size_t place = 0; place < curve.ranks.size(); ++place) {
            const Json& value = excess.is_null() ? excess : excess.at(place);
            curve.excessError.push_back(value.is_null() ? std::nullopt
                                                        : std::optional(value.get<double>()));
        }
        return curve;
    } catch (const nlohmann::json::exception& problem) {
        throw Error(fmt::format(
            "A race needs name, method, preview, ranks, activation_error, held_out_error and "
            "excess_error ({}).",
            printable(problem.what())));
    }
}

std::string raceCsv(std::span<const MethodCurve> curves) {
    std::vector<Column<RacePlace>> columns = {
        fileColumn<RacePlace>("name", [](const RacePlace& row) { return Value(row.curve->name); }),
        fileColumn<RacePlace>("method",
                              [](const RacePlace& row) { return Value(row.curve->method); }),
        fileColumn<RacePlace>(
            "rank", [](const RacePlace& row) { return Value(row.curve->ranks[row.place]); })};
    columns.insert(columns.end(), raceColumns().begin(), raceColumns().end());
    std::vector<RacePlace> rows;
    for (const MethodCurve& curve : curves)
        for (std::size_t place = 0; place < curve.ranks.size(); ++place)
            rows.push_back({&curve, place});
    return toCsv(columns, rows, Digits::Seventeen);
}

}  // namespace rankscope::report
