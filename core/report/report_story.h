// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/document.h"
#include "core/report/report_data.h"

namespace rankscope::report {

/// The tables that are also written as CSV.
Table parameterStory(const ReportData& data, std::int64_t dense);
Table randomVectorStory(const ReportData& data);

/// The report's text and tables, in reading order. `figures`: whether pictures lie beside it.
Document tellStory(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                   const ReportData& data, bool figures);

}  // namespace rankscope::report
