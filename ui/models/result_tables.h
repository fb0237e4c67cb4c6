// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <span>
#include <vector>

#include "core/evaluate/evaluation.h"
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

/// A row per run, the columns of report::evaluationColumns() that any run has a value in. Below a
/// value stands its difference to the baseline with the 95 % interval; a difference whose interval
/// leaves out 0 has a triangle and is marked.
report::TableData evaluationTable(const evaluate::Evaluation& evaluation);
/// The names of its rows; the first is the baseline.
std::vector<QString> runTitles(const evaluate::Evaluation& evaluation);

}  // namespace rankscope::ui
