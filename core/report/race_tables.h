// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/method/method_curves.h"
#include "core/report/table.h"

namespace rankscope::report {

/// A curve of a race at its rank curve->ranks[place].
struct RacePlace {
    const method::MethodCurve* curve;
    std::size_t place;
};

/// activation_error, held_out_error, excess_error: numbers, nothing if it was not measured.
const std::vector<Column<RacePlace>>& raceColumns();

/// The place of the largest rank of the curve that is no more than `rank`; nothing if all are.
std::optional<std::size_t> placeOfRank(const method::MethodCurve& curve, std::int64_t rank);

/// An element of `race[]` as `curve --calibration` prints it: {name, method, preview, ranks[], and
/// each column as a list, null if nothing of it was measured}.
Json toJson(const method::MethodCurve& curve);
/// The inverse; throws Error saying which field is missing or of another length than the ranks.
method::MethodCurve raceCurveFromJson(const JsonReader& reader);

/// RFC 4180: name,method,rank and the columns' keys; an empty cell if nothing was measured.
std::string raceCsv(std::span<const method::MethodCurve> curves);

}  // namespace rankscope::report
