// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/evaluate/bootstrap.h"
#include "core/evaluate/evaluation.h"
#include "core/report/table.h"

namespace rankscope::report {

/// A column of the side-by-side table.
struct EvaluationColumn : Column<evaluate::EvaluationRun> {
    bool higherIsBetter = false;
    bool compared = false;  ///< has a difference with an interval
};

/// The only list of columns: the command line, the report and the window all take it.
const std::vector<EvaluationColumn>& evaluationColumns();

/// One cell. `difference` is against the run `baseline`.
struct EvaluationCell {
    double value = 0;  ///< NaN if not measured
    bool hasInterval = false;
    evaluate::Interval interval;  ///< of the value (first run) or of the difference
    double difference = 0;        ///< to the baseline; 0 in its own row
    std::string text;             ///< the value as it is shown
    std::string differenceText;   ///< "-0.41 [-1.20, 0.35]"; empty in the baseline's row
};

/// [run][column]
std::vector<std::vector<EvaluationCell>> evaluationCells(const evaluate::Evaluation& evaluation);

/// The places in evaluationColumns() of those in which some run has a value.
std::vector<std::size_t> filledColumns(const std::vector<std::vector<EvaluationCell>>& cells);

/// The whole table as text: tab-separated or RFC 4180 with all digits, Markdown, or a LaTeX tabular
/// (booktabs).
std::string evaluationTsv(const evaluate::Evaluation& evaluation);
std::string evaluationCsv(const evaluate::Evaluation& evaluation);
std::string evaluationMarkdown(const evaluate::Evaluation& evaluation);
std::string evaluationLatex(const evaluate::Evaluation& evaluation);

}  // namespace rankscope::report
