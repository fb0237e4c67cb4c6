// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/report/table.h"
#include "core/spectra/compare.h"

namespace rankscope::report {

/// An element of `matrices[]` of `compare --json`. A relative difference that is infinite (a matrix
/// of zeros in A alone) is null.
Json toJson(const spectra::MatrixComparison& comparison);
/// An element of `skipped[]`.
Json toJson(const spectra::SkippedMatrix& skipped);

/// The cosine of the largest principal angle; 1 if there is none.
double smallestCosine(const std::vector<double>& cosines);

/// Reads an element of `matrices[]` back. Throws Error.
spectra::MatrixComparison comparisonFromJson(const JsonReader& matrix);

/// The columns of `compare`: the matrix's name, its shape, and how far A and B are apart.
const std::vector<Column<spectra::MatrixComparison>>& comparisonColumns();

/// A row per compared matrix; "–" for a number that is infinite or that has no directions to
/// compare.
TableData comparisonTable(std::span<const spectra::MatrixComparison> comparisons);

/// RFC 4180, one row a compared matrix: name,rows,columns,relative_difference,rank_90,rank_99,
/// numerical_rank,directions_a,directions_b,smallest_left_cosine,smallest_right_cosine,intruders.
std::string comparisonCsv(std::span<const spectra::MatrixComparison> comparisons);

}  // namespace rankscope::report
