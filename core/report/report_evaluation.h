// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/evaluation.h"
#include "core/report/document.h"
#include "core/report/parameter_table.h"
#include "core/report/report_options.h"

namespace rankscope::report {

/// The checkpoint and the same with q, k, v and o at the report's rank, on the report's data with
/// the preset "card"; models of up to 20 million parameters also with the factors pivoted.
/// Nothing if the options hold no data.
std::optional<evaluate::Evaluation> evaluateForReport(const checkpoint::Checkpoint& checkpoint,
                                                      const ReportOptions& options,
                                                      std::int64_t rank, const Progress& progress);

/// A metric a row, a run (and its difference to the first) a column.
Table evaluationStory(const evaluate::Evaluation& evaluation);

/// The section, or how to get one if nothing was measured.
void addEvaluation(Document& document, const std::optional<evaluate::Evaluation>& evaluation);

/// The post's evaluation figures beside ours for a model of its shape.
void addPublishedMetrics(Document& document, const std::optional<evaluate::Evaluation>& evaluation);

}  // namespace rankscope::report
