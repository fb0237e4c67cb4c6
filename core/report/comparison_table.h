// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/spectra/compare.h"

namespace rankscope::report {

/// An element of `matrices[]` of `compare --json`. A relative difference that is infinite (a matrix
/// of zeros in A alone) is null.
Json toJson(const spectra::MatrixComparison& comparison);
/// An element of `skipped[]`.
Json toJson(const spectra::SkippedMatrix& skipped);

/// The cosine of the largest principal angle; 1 where there is none.
double smallestCosine(const std::vector<double>& cosines);

/// Reads an element of `matrices[]` back. Throws Error.
spectra::MatrixComparison comparisonFromJson(const JsonReader& matrix);

/// A column of the table of compared matrices; the same in CSV and in the window.
struct ComparisonColumn {
    std::string_view key;    ///< in CSV
    std::string_view title;  ///< in tables
    std::string_view help;   ///< one sentence
    int decimals;            ///< shown; 0: a whole number
    double (*value)(const spectra::MatrixComparison&);
};

/// All but the name, which stands first in every table.
std::span<const ComparisonColumn> comparisonColumns();

/// What a table shows; "–" where there is no such number (no directions to compare, or infinite).
std::string comparisonCell(const ComparisonColumn& column, const spectra::MatrixComparison& matrix);

/// RFC 4180, one row a compared matrix: name,rows,columns,relative_difference,rank_90,rank_99,
/// numerical_rank,directions_a,directions_b,smallest_left_cosine,smallest_right_cosine,intruders.
std::string comparisonCsv(std::span<const spectra::MatrixComparison> comparisons);

}  // namespace rankscope::report
