// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "core/evaluate/random_vectors.h"
#include "core/report/table.h"
#include "core/spectra/compare.h"

namespace rankscope::ui {

/// Compared matrices, a row each: the columns of `compare`'s CSV with short names, which are sorted
/// by their order.
report::TableData comparisonTable(std::span<const spectra::MatrixComparison> matrices);

/// The planned matrices on random vectors and, with a calibration, on the real inputs: a row per
/// matrix, after its rank the figures of report::randomVectorsColumns().
report::TableData randomVectorsTable(std::span<const evaluate::RandomVectorsResult> results);

}  // namespace rankscope::ui
