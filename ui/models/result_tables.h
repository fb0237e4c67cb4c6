// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "core/report/table.h"
#include "core/spectra/compare.h"

namespace rankscope::ui {

/// Compared matrices, a row each: the columns of `compare`'s CSV with short names, which are sorted
/// by their order.
report::TableData comparisonTable(std::span<const spectra::MatrixComparison> matrices);

}  // namespace rankscope::ui
