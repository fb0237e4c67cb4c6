// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/search/pareto.h"

namespace rankscope::report {

/// A column of the table of a front; the same in CSV, on the command line and in the window.
struct ParetoColumn {
    std::string_view key;    ///< in CSV, as in JSON
    std::string_view title;  ///< in tables
    std::string_view help;   ///< one sentence, with the unit
    bool isText = false;
};

/// The columns of this front: those of ROUGE only where it was measured.
std::vector<ParetoColumn> paretoColumns(const search::ParetoFront& front);

/// A cell: what is shown, what CSV holds, and the number that it is sorted by.
struct ParetoCell {
    std::string shown, csv;
    double value = 0;  ///< NaN where there is none
};

/// Rows of cells in the order of paretoColumns(): the dense model first, then the points.
std::vector<std::vector<ParetoCell>> paretoCells(const search::ParetoFront& front);

/// RFC 4180 with the columns' keys as header.
std::string paretoCsv(const search::ParetoFront& front);

/// "40 held-out dialogues of the calibration" or "40 dialogues of test.json".
std::string measuredOn(const search::ParetoFront& front);

}  // namespace rankscope::report
