// SPDX-License-Identifier: Apache-2.0
#include "core/report/table_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rankscope::report {
namespace {

struct Sample {
    std::string name;
    std::int64_t count;
    double share;
};

const std::vector<Column<Sample>> columns = {
    {"name", "Name", "", "Of the sample", [](const Sample& s) { return Value(s.name); }},
    {"count", "Count", "", "How many", [](const Sample& s) { return Value(s.count); }},
    {"share", "Share_1", "%", "Of all", [](const Sample& s) { return finiteOf(s.share); }, 2}};
const std::vector<Sample> samples = {{"=a,_b", -3, 0.1}, {"c", 0, std::nan("")}};

TEST(TableText, ATitleHasItsUnitAndACellItsDecimals) {
    const TableData table = tableOf(columns, samples);
    EXPECT_EQ(table.columns[2].title, "Share_1 (%)");
    EXPECT_EQ(table.columns[2].help, "Of all");
    EXPECT_EQ(table.rows[0][2].shown, "0.10");
    EXPECT_EQ(table.rows[1][2].shown, "–");
    EXPECT_EQ(table.rows[1][2].value, Value());
    EXPECT_EQ(numberOf(table.rows[0][1].value), -3);
    EXPECT_FALSE(numberOf(table.rows[0][0].value));
}

TEST(TableText, FilesHoldAllDigitsAndDisarmWordsAlone) {
    const TableData table = tableOf(columns, samples);
    EXPECT_EQ(toCsv(table), "name,count,share\r\n\"'=a,_b\",-3,0.1\r\nc,0,\r\n");
    EXPECT_EQ(toTsv(table), "name\tcount\tshare\n=a,_b\t-3\t0.1\nc\t0\t\n");
    EXPECT_EQ(toCsv(columns, samples, Digits::Seventeen),
              "name,count,share\r\n\"'=a,_b\",-3,0.10000000000000001\r\nc,0,\r\n");
    EXPECT_EQ(toCsv(columns, samples, Digits::Shortest), toCsv(table));
}

TEST(TableText, MarkdownAndLatexHoldWhatIsShown) {
    const TableData table = tableOf(columns, samples);
    EXPECT_EQ(toMarkdown(table),
              "| Name | Count | Share_1 (%) |\n|---|---:|---:|\n| =a,\\_b | -3 | 0.10 |\n"
              "| c | 0 | – |\n");
    EXPECT_EQ(toLatex(table),
              "\\begin{tabular}{lrr}\n\\toprule\nName & Count & Share\\_1 (\\%) \\\\\n\\midrule\n"
              "=a,\\_b & -3 & 0.10 \\\\\nc & 0 & – \\\\\n\\bottomrule\n\\end{tabular}\n");
}

}  // namespace
}  // namespace rankscope::report
