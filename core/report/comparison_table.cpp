// SPDX-License-Identifier: Apache-2.0
#include "core/report/comparison_table.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "core/report/table_text.h"

namespace rankscope::report {

using ComparedMatrix = spectra::MatrixComparison;

namespace {

constexpr int cosineDecimals = 4;

Value nameOf(const ComparedMatrix& matrix) { return matrix.name; }

std::string shownName(const ComparedMatrix& matrix) { return printable(matrix.name); }

Value leftCosine(const ComparedMatrix& matrix) { return smallestCosine(matrix.leftCosines); }

Value rightCosine(const ComparedMatrix& matrix) { return smallestCosine(matrix.rightCosines); }

/// "–" if there are no directions to compare.
std::string shownCosine(const ComparedMatrix& matrix, const Value& cosine) {
    return shownValue(matrix.leftCosines.empty() ? Value() : cosine, cosineDecimals);
}

}  // namespace

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

spectra::MatrixComparison comparisonFromJson(const JsonReader& matrix) {
    const std::string name = matrix.at("name").text();
    const auto shape = matrix.at("shape").elements(2);
    const auto spectrum = [&](const char* key) {
        return spectra::Spectrum(name, shape[0].whole(), shape[1].whole(),
                                 matrix.at("singular_values").at(key).reals());
    };
    const JsonReader relative = matrix.at("relative_difference");
    const JsonReader ranks = matrix.at("difference_ranks");
    const auto directions = matrix.at("directions").elements(2);
    return {.name = name,
            .a = spectrum("a"),
            .b = spectrum("b"),
            .difference = spectrum("difference"),
            .relativeDifference =
                relative.isNull() ? std::numeric_limits<double>::infinity() : relative.real(),
            .rank90 = ranks.at("0.9").whole(),
            .rank99 = ranks.at("0.99").whole(),
            .numericalRank = ranks.at("numerical").whole(),
            .directionsA = directions[0].whole(),
            .directionsB = directions[1].whole(),
            .leftCosines = matrix.at("left_cosines").reals(),
            .rightCosines = matrix.at("right_cosines").reals(),
            .intruders = matrix.at("intruders").whole()};
}

const std::vector<Column<ComparedMatrix>>& comparisonColumns() {
    static const std::vector<Column<ComparedMatrix>> columns = {
        {"name", "matrix", "", "In the order of checkpoint A", nameOf, 0, shownName, Side::Left},
        {"rows", "rows", "", "Rows of the matrix, [out, in]",
         [](const ComparedMatrix& m) { return Value(m.a.rows()); }},
        {"columns", "columns", "", "Columns of the matrix, [out, in]",
         [](const ComparedMatrix& m) { return Value(m.a.columns()); }},
        {"relative_difference", "relative difference", "",
         "|A - B| / |A| (Frobenius); infinite if A alone is zero",
         [](const ComparedMatrix& m) { return Value(m.relativeDifference); }, 6},
        {"rank_90", "rank 90 %", "", "Rank that holds 90 % of the energy of A - B",
         [](const ComparedMatrix& m) { return Value(m.rank90); }},
        {"rank_99", "rank 99 %", "", "Rank that holds 99 % of the energy of A - B",
         [](const ComparedMatrix& m) { return Value(m.rank99); }},
        {"numerical_rank", "numerical rank", "",
         "Singular values of A - B above what rounding explains",
         [](const ComparedMatrix& m) { return Value(m.numericalRank); }},
        {"directions_a", "directions of A", "",
         "Leading singular directions of A that are compared",
         [](const ComparedMatrix& m) { return Value(m.directionsA); }},
        {"directions_b", "directions of B", "",
         "Leading singular directions of B that are compared",
         [](const ComparedMatrix& m) { return Value(m.directionsB); }},
        {"smallest_left_cosine", "left cosine", "",
         "Cosine of the largest principal angle between the leading left singular subspaces; 1 is "
         "the same",
         leftCosine, cosineDecimals,
         [](const ComparedMatrix& m) { return shownCosine(m, leftCosine(m)); }},
        {"smallest_right_cosine", "right cosine", "",
         "Cosine of the largest principal angle between the leading right singular subspaces; 1 is "
         "the same",
         rightCosine, cosineDecimals,
         [](const ComparedMatrix& m) { return shownCosine(m, rightCosine(m)); }},
        {"intruders", "intruders", "",
         "Leading left singular vectors of B that no singular vector of A is near (cosine below "
         "0.5 to each)",
         [](const ComparedMatrix& m) { return Value(m.intruders); }}};
    return columns;
}

TableData comparisonTable(std::span<const ComparedMatrix> comparisons) {
    return tableOf(comparisonColumns(), comparisons);
}

std::string comparisonCsv(std::span<const ComparedMatrix> comparisons) {
    return toCsv(comparisonColumns(), comparisons, Digits::Seventeen);
}

}  // namespace rankscope::report
