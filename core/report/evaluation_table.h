// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/evaluate/bootstrap.h"
#include "core/evaluate/evaluation.h"

namespace rankscope::report {

/// One column of the side-by-side table: its title, its unit, and how many digits it is shown with.
struct EvaluationColumn {
    std::string_view key;    ///< as in JSON: "rouge1", "loss", "parameters" …
    std::string_view title;  ///< "ROUGE-1"
    std::string_view unit;   ///< "", "%", "s", "tokens/s"
    std::string_view help;   ///< one sentence: what it is
    int digits = 2;
    bool higherIsBetter = false;
    bool compared = false;  ///< has a difference with an interval
};

/// The only list of columns: the command line, the report and the window all take it.
const std::vector<EvaluationColumn>& evaluationColumns();

/// One cell. `difference` is against the run `baseline`.
struct EvaluationCell {
    double value = 0;  ///< NaN where not measured
    bool hasInterval = false;
    evaluate::Interval interval;  ///< of the value (first run) or of the difference
    double difference = 0;        ///< to the baseline; 0 in its own row
    std::string text;             ///< the value as it is shown
    std::string differenceText;   ///< "-0.41 [-1.20, 0.35]"; empty in the baseline's row
};

/// [run][column]
std::vector<std::vector<EvaluationCell>> evaluationCells(const evaluate::Evaluation& evaluation);

/// The whole table as text to paste: tab-separated, Markdown, or a LaTeX tabular (booktabs).
std::string evaluationTsv(const evaluate::Evaluation& evaluation);
std::string evaluationMarkdown(const evaluate::Evaluation& evaluation);
std::string evaluationLatex(const evaluate::Evaluation& evaluation);

}  // namespace rankscope::report
