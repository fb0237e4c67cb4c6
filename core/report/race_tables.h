// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/method/method_curves.h"

namespace rankscope::report {

/// One number of a race at one rank.
struct RaceColumn {
    std::string_view key;    ///< in JSON and CSV, e.g. "held_out_error"
    std::string_view title;  ///< in tables
    std::string_view help;   ///< a sentence
    /// At curve.ranks[place]; nothing where it was not measured.
    std::optional<double> (*value)(const method::MethodCurve& curve, std::size_t place);
};

/// activation_error, held_out_error, excess_error.
std::span<const RaceColumn> raceColumns();

/// The place of the largest rank of the curve that is no more than `rank`; nothing where all are.
std::optional<std::size_t> placeOfRank(const method::MethodCurve& curve, std::int64_t rank);

/// An element of `race[]` as `curve --calibration` prints it: {name, method, preview, ranks[], and
/// each column as a list, null where nothing of it was measured}.
Json toJson(const method::MethodCurve& curve);
/// The inverse; throws Error saying which field is missing or of another length than the ranks.
method::MethodCurve raceCurveFromJson(const JsonReader& reader);

/// RFC 4180: name,method,rank and the columns' keys; an empty cell where nothing was measured.
std::string raceCsv(std::span<const method::MethodCurve> curves);

}  // namespace rankscope::report
