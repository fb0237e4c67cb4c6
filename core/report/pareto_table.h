// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/report/table.h"
#include "core/search/pareto.h"

namespace rankscope::report {

/// The table of a front, the same on the command line and in the window: the dense model first,
/// then the points; columns of ROUGE only if it was measured.
TableData paretoTable(const search::ParetoFront& front);

/// RFC 4180 with the columns' keys as header.
std::string paretoCsv(const search::ParetoFront& front);

/// "40 held-out dialogues of the calibration" or "40 dialogues of test.json".
std::string measuredOn(const search::ParetoFront& front);

}  // namespace rankscope::report
