// SPDX-License-Identifier: Apache-2.0
#include "core/report/comparison_table.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "core/report/csv.h"

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
            {"singular_values",
             {{"a", comparison.a.singularValues()},
              {"b", comparison.b.singularValues()},
              {"difference", comparison.difference.singularValues()}}}};
}

Json toJson(const spectra::SkippedMatrix& skipped) {
    return {{"name", skipped.name}, {"reason", skipped.reason}};
}

std::string comparisonCsv(std::span<const spectra::MatrixComparison> comparisons) {
    std::string text =
        "name,rows,columns,relative_difference,rank_90,rank_99,numerical_rank,directions_a,"
        "directions_b,smallest_left_cosine,smallest_right_cosine\r\n";
    for (const spectra::MatrixComparison& one : comparisons)
        fmt::format_to(std::back_inserter(text),
                       "{},{},{},{:.17g},{},{},{},{},{},{:.17g},{:.17g}\r\n", csvCell(one.name),
                       one.a.rows(), one.a.columns(), one.relativeDifference, one.rank90,
                       one.rank99, one.numericalRank, one.directionsA, one.directionsB,
                       smallestCosine(one.leftCosines), smallestCosine(one.rightCosines));
    return text;
}

}  // namespace rankscope::report
