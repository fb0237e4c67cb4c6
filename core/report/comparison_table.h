// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "core/base/json.h"
#include "core/spectra/compare.h"

namespace rankscope::report {

/// An element of `matrices[]` of `compare --json`. A relative difference that is infinite (a matrix
/// of zeros in A alone) is null.
Json toJson(const spectra::MatrixComparison& comparison);
/// An element of `skipped[]`.
Json toJson(const spectra::SkippedMatrix& skipped);

/// The cosine of the largest principal angle; 1 where there is none.
double smallestCosine(const std::vector<double>& cosines);

/// RFC 4180, one row a compared matrix: name,rows,columns,relative_difference,rank_90,rank_99,
/// numerical_rank,directions_a,directions_b,smallest_left_cosine,smallest_right_cosine.
std::string comparisonCsv(std::span<const spectra::MatrixComparison> comparisons);

}  // namespace rankscope::report
