// SPDX-License-Identifier: Apache-2.0
#include "core/report/table.h"

#include <fmt/format.h>

#include <cmath>

namespace rankscope::report {

Value valueOf(std::optional<double> number) { return number ? Value(*number) : Value(); }

Value finiteOf(double number) { return std::isfinite(number) ? Value(number) : Value(); }

std::optional<double> numberOf(const Value& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
    const auto* number = std::get_if<double>(&value);
    return number ? std::optional(*number) : std::nullopt;
}

std::string titleWithUnit(std::string_view title, std::string_view unit) {
    return unit.empty() ? std::string(title) : fmt::format("{} ({})", title, unit);
}

std::string shownValue(const Value& value, int decimals, std::string_view nothing) {
    if (const auto* words = std::get_if<std::string>(&value)) return *words;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
    const auto* number = std::get_if<double>(&value);
    if (number == nullptr || !std::isfinite(*number)) return std::string(nothing);
    return fmt::format("{:.{}f}", *number, decimals);
}

}  // namespace rankscope::report
