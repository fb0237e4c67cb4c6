// SPDX-License-Identifier: Apache-2.0
#include "core/report/race_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/method/method_curves.h"
#include "core/report/table_text.h"

namespace rankscope::report {

using method::MethodCurve;

namespace {

Value at(const std::vector<double>& values, std::size_t place) {
    return place < values.size() ? Value(values[place]) : Value();
}

/// Errors, none of them missing: as many as ranks, or none at all.
std::vector<double> readErrors(const JsonReader& list, std::size_t ranks) {
    if (list.isNull()) return {};
    std::vector<double> errors = list.reals();
    if (errors.size() != ranks) list.fail("needs as many numbers as there are ranks");
    return errors;
}

/// Of a preview, one per rank; those that were not measured are null, or all of them.
std::vector<std::optional<double>> readExcess(const JsonReader& list, std::size_t ranks) {
    std::vector<std::optional<double>> excess(ranks);
    if (list.isNull()) return excess;
    const std::vector<JsonReader> elements = list.elements(ranks);
    for (std::size_t place = 0; place < ranks; ++place)
        if (!elements[place].isNull()) excess[place] = elements[place].real();
    return excess;
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

MethodCurve raceCurveFromJson(const JsonReader& reader) {
    MethodCurve curve;
    curve.name = reader.at("name").text();
    curve.method = reader.at("method").text();
    const JsonReader ranks = reader.at("ranks");
    curve.ranks = ranks.wholes();
    if (!std::ranges::is_sorted(curve.ranks)) ranks.fail("must be in ascending order");
    curve.activationError = readErrors(reader.at("activation_error"), curve.ranks.size());
    curve.heldOutError = readErrors(reader.at("held_out_error"), curve.ranks.size());
    if (reader.at("preview").flag())
        curve.excessError = readExcess(reader.at("excess_error"), curve.ranks.size());
    return curve;
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
