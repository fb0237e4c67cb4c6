// SPDX-License-Identifier: Apache-2.0
#include "core/report/comparison_table.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/report/table_text.h"

namespace rankscope::report {

double smallestCosine(const std::vector<double>& cosines) {
    return cosines.empty() ? 1 : cosines.back();
}

Json toJson(const spectra::MatrixComparison& comparison) {
    const double relative = comparison.relativeDifference;
    return {{"name", comparison.name},
            {"shape", {comparison.a.rows(), comparison.a.columns()}},
            {"relative_difference", std::isfinite(relative) ? Json(relative) : Json(nullptr)},
            {"difference_norm", comparison.difference.frobeniusNorm()},
            {"difference_ranks",
             {{"0.9", comparison.rank90},
              {"0.99", comparison.rank99},
              {"numerical", comparison.numericalRank}}},
            {"directions", {comparison.directionsA, comparison.directionsB}},
            {"left_cosines", comparison.leftCosines},
            {"right_cosines", comparison.rightCosines},
            {"intruders", comparison.intruders},
            {"singular_values",
             {{"a", comparison.a.singularValues()},
              {"b", comparison.b.singularValues()},
              {"difference", comparison.difference.singularValues()}}}};
}

Json toJson(const spectra::SkippedMatrix& skipped) {
    return {{"name", skipped.name}, {"reason", skipped.reason}};
}

spectra::MatrixComparison comparisonFromJson(const Json& matrix, const std::string& what) {
    try {
        const auto name = matrix.at("name").get<std::string>();
        const auto shape = matrix.at("shape").get<std::array<std::int64_t, 2>>();
        const auto spectrum = [&](const char* key) {
            return spectra::Spectrum(
                name, shape[0], shape[1],
                matrix.at("singular_values").at(key).get<std::vector<double>>());
        };
        const Json& relative = matrix.at("relative_difference");
        const Json& ranks = matrix.at("difference_ranks");
        const auto directions = matrix.at("directions").get<std::array<std::int64_t, 2>>();
        return {.name = name,
                .a = spectrum("a"),
                .b = spectrum("b"),
                .difference = spectrum("difference"),
                .relativeDifference = relative.is_null() ? std::numeric_limits<double>::infinity()
                                                         : relative.get<double>(),
                .rank90 = ranks.at("0.9").get<std::int64_t>(),
                .rank99 = ranks.at("0.99").get<std::int64_t>(),
                .numericalRank = ranks.at("numerical").get<std::int64_t>(),
                .directionsA = directions[0],
                .directionsB = directions[1],
                .leftCosines = matrix.at("left_cosines").get<std::vector<double>>(),
                .rightCosines = matrix.at("right_cosines").get<std::vector<double>>(),
                .intruders = matrix.at("intruders").get<std::int64_t>()};
    } catch (const Json::exception& problem) {
        throw Error(fmt::format("{} is not what `compare --json` prints ({}).", printable(what),
                                printable(problem.what())),
                    what);
    }
}

std::span<const ComparisonColumn> comparisonColumns() {
    using Matrix = spectra::MatrixComparison;
    static const std::array columns = {
        ComparisonColumn{"rows", "rows", "Rows of the matrix, [out, in]", 0,
                         [](const Matrix& m) { return static_cast<double>(m.a.rows()); }},
        ComparisonColumn{"columns", "columns", "Columns of the matrix, [out, in]", 0,
                         [](const Matrix& m) { return static_cast<double>(m.a.columns()); }},
        ComparisonColumn{"relative_difference", "relative difference",
                         "|A - B| / |A| (Frobenius); infinite where A alone is zero", 6,
                         [](const Matrix& m) { return m.relativeDifference; }},
        ComparisonColumn{"rank_90", "rank 90 %", "Rank that holds 90 % of the energy of A - B", 0,
                         [](const Matrix& m) { return static_cast<double>(m.rank90); }},
        ComparisonColumn{"rank_99", "rank 99 %", "Rank that holds 99 % of the energy of A - B", 0,
                         [](const Matrix& m) { return static_cast<double>(m.rank99); }},
        ComparisonColumn{"numerical_rank", "numerical rank",
                         "Singular values of A - B above what rounding explains", 0,
                         [](const Matrix& m) { return static_cast<double>(m.numericalRank); }},
        ComparisonColumn{"directions_a", "directions of A",
                         "Leading singular directions of A that are compared", 0,
                         [](const Matrix& m) { return static_cast<double>(m.directionsA); }},
        ComparisonColumn{"directions_b", "directions of B",
                         "Leading singular directions of B that are compared", 0,
                         [](const Matrix& m) { return static_cast<double>(m.directionsB); }},
        ComparisonColumn{"smallest_left_cosine", "left cosine",
                         "Cosine of the largest principal angle between the leading left singular "
                         "subspaces; 1 is the same",
                         4, [](const Matrix& m) { return smallestCosine(m.leftCosines); }},
        ComparisonColumn{"smallest_right_cosine", "right cosine",
                         "Cosine of the largest principal angle between the leading right singular "
                         "subspaces; 1 is the same",
                         4, [](const Matrix& m) { return smallestCosine(m.rightCosines); }},
        ComparisonColumn{"intruders", "intruders",
                         "Leading left singular vectors of B that no singular vector of A is near "
                         "(cosine below 0.5 to each)",
                         0, [](const Matrix& m) { return static_cast<double>(m.intruders); }}};
    return columns;
}

std::string comparisonCell(const ComparisonColumn& column,
                           const spectra::MatrixComparison& matrix) {
    const double value = column.value(matrix);
    const bool cosine = column.key.ends_with("cosine");
    if (!std::isfinite(value) || (cosine && matrix.leftCosines.empty())) return "–";
    return fmt::format("{:.{}f}", value, column.decimals);
}

std::string comparisonCsv(std::span<const spectra::MatrixComparison> comparisons) {
    std::string text = "name";
    for (const ComparisonColumn& column : comparisonColumns())
        text += fmt::format(",{}", column.key);
    text += "\r\n";
    for (const spectra::MatrixComparison& one : comparisons) {
        text += csvCell(one.name);
        for (const ComparisonColumn& column : comparisonColumns())
            text += fmt::format(",{:.17g}", column.value(one));
        text += "\r\n";
    }
    return text;
}

}  // namespace rankscope::report
