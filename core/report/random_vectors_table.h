// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "core/evaluate/random_vectors.h"
#include "core/report/table.h"

namespace rankscope::report {

/// A matrix, its rank, the number of vectors, the figures on random vectors, and those on real
/// inputs that any of the results has.
std::vector<Column<evaluate::RandomVectorsResult>> randomVectorsColumns(
    std::span<const evaluate::RandomVectorsResult> results);

}  // namespace rankscope::report
