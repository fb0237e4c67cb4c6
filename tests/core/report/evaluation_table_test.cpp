// SPDX-License-Identifier: Apache-2.0
#include "core/report/evaluation_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/evaluate/evaluation.h"

namespace rankscope::report {
namespace {

using testing::HasSubstr;
using testing::Not;

evaluate::Evaluation baselineAndTwoMore() {
    evaluate::Evaluation evaluation;
    const double rouge1[] = {46.14, 46.111, 40};
    for (std::size_t r = 0; r < 3; ++r) {
        evaluate::EvaluationRun run;
        run.checkpoint = r == 0 ? "demo" : "a|b_1";
        run.parameters = r == 0 ? 1000 : 657;
        run.bytes = 4000;
        run.hasRouge = true;
        run.rouge = {rouge1[r], 22, 33, 42};
        run.rougeIntervals[0] = {45, 47};
        run.generatedLength = 17;
        run.generateSeconds = r == 0 ? 2 : 1;
        evaluation.runs.push_back(run);
    }
    evaluation.comparison = {{"a|b_1", "rouge1", -0.029, {-1.2, 0.35}},
                             {"a|b_1", "rouge1", -6.14, {-8, -4}}};
    return evaluation;
}

std::size_t column(std::string_view key) {
    const auto& columns = evaluationColumns();
    return static_cast<std::size_t>(
        std::find_if(columns.begin(), columns.end(),
                     [key](const EvaluationColumn& c) { return c.key == key; }) -
        columns.begin());
}

TEST(EvaluationTable, CellsHoldValuesDifferencesAndIntervals) {
    const auto cells = evaluationCells(baselineAndTwoMore());
    const std::size_t rouge1 = column("rouge1");
    ASSERT_EQ(cells.size(), 3U);
    EXPECT_EQ(cells[0][rouge1].text, "46.14");
    EXPECT_EQ(cells[0][rouge1].differenceText, "");
    EXPECT_EQ(cells[0][rouge1].interval.low, 45);
    EXPECT_EQ(cells[1][rouge1].text, "46.11");
    EXPECT_EQ(cells[1][rouge1].differenceText, "-0.03 [-1.20, +0.35]");
    EXPECT_EQ(cells[2][rouge1].differenceText, "-6.14 [-8.00, -4.00]");  // same name, other run
    EXPECT_EQ(cells[1][column("parameters")].differenceText, "-34.3 %");
    EXPECT_EQ(cells[1][column("generate_seconds")].differenceText, "0.50x");
    EXPECT_EQ(cells[0][column("parameters")].text, "1,000");
    EXPECT_TRUE(std::isnan(cells[0][column("loss")].value));
    EXPECT_EQ(cells[1][column("loss")].text, "-");
    EXPECT_EQ(cells[1][column("loss")].differenceText, "");
    EXPECT_EQ(cells[1][column("rouge2")].differenceText, "+0.00");  // no interval was computed
}

TEST(EvaluationTable, TextsToPasteHoldTheMeasuredColumnsOnly) {
    const auto evaluation = baselineAndTwoMore();
    const std::string tsv = evaluationTsv(evaluation);
    EXPECT_THAT(tsv, HasSubstr("\trouge1\trouge1_difference\trouge1_low\trouge1_high\t"));
    EXPECT_THAT(tsv, HasSubstr("\t46.111\t-0.029\t-1.2\t0.35\t"));
    EXPECT_THAT(tsv, Not(HasSubstr("loss")));
    const auto tabs = [&](std::size_t from) {
        return std::count(tsv.begin() + static_cast<std::ptrdiff_t>(from),
                          tsv.begin() + static_cast<std::ptrdiff_t>(tsv.find('\n', from)), '\t');
    };
    EXPECT_EQ(tabs(0), tabs(tsv.find('\n') + 1));
    const std::string csv = evaluationCsv(evaluation);
    EXPECT_THAT(csv, HasSubstr(",rouge1,rouge1_difference,rouge1_low,rouge1_high,"));
    EXPECT_THAT(csv, HasSubstr("\r\na|b_1,657,4000,46.111,-0.029,-1.2,0.35,"));
    const std::string markdown = evaluationMarkdown(evaluation);
    EXPECT_THAT(markdown, HasSubstr("| a\\|b\\_1 | 657 (-34.3 %) |"));
    EXPECT_THAT(markdown, HasSubstr("46.11 (-0.03 [-1.20, +0.35])"));
    const std::string latex = evaluationLatex(evaluation);
    EXPECT_THAT(latex, HasSubstr("\\toprule"));
    EXPECT_THAT(latex, HasSubstr("a|b\\_1 & 657 (-34.3 \\%)"));
}

}  // namespace
}  // namespace rankscope::report
