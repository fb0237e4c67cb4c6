// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/table_model.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QFont>
#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/random_vectors.h"
#include "tests/ui/evaluation_fixture.h"
#include "tests/ui/ui_fixture.h"
#include "ui/models/number_sort.h"
#include "ui/models/result_tables.h"
#include "ui/models/sample_model.h"
#include "ui/models/word_diff.h"
#include "ui/plots/bar_series.h"
#include "ui/session/evaluation_request.h"
#include "ui/session/job_events.h"
#include "ui/session/time_left.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {
namespace {

using uitest::threeRuns;
using TesterMode = QAbstractItemModelTester::FailureReportingMode;

/// "same [differs] same": brackets around each word that differs.
std::string shown(const std::vector<DiffWord>& words) {
    QStringList parts;
    for (const DiffWord& word : words) parts << (word.differs ? "[" + word.word + "]" : word.word);
    return parts.join(" ").toStdString();
}

TEST(WordDiff, MarksWhatIsNotInTheLongestCommonSubsequence) {
    const auto diff = wordDiff("Anna will buy milk and bread .", "Anna buys milk or bread today .");
    EXPECT_EQ(shown(diff.left), "Anna [will] [buy] milk [and] bread .");
    EXPECT_EQ(shown(diff.right), "Anna [buys] milk [or] bread [today] .");
}

TEST(WordDiff, KeepsTheOrderOfWords) {
    // b c is longer than a alone, so a is the one that moved.
    const auto diff = wordDiff("a b c", "b c a");
    EXPECT_EQ(shown(diff.left), "[a] b c");
    EXPECT_EQ(shown(diff.right), "b c [a]");
}

TEST(WordDiff, TreatsEqualEmptyAndStrangeTexts) {
    EXPECT_EQ(shown(wordDiff("a  b\nc", "a b c").left), "a b c");
    EXPECT_EQ(shown(wordDiff("", "a b").right), "[a] [b]");
    EXPECT_TRUE(wordDiff("", "a b").left.empty());
    EXPECT_EQ(shown(wordDiff("Milk milk", "milk Milk.").left), "[Milk] milk");
    EXPECT_EQ(shown(wordDiff("a a a", "a a").left), "a a [a]");
}

TEST(WordDiff, TextsThatDifferOverThousandsOfWordsKeepTheirEnds) {
    const QString left = "same " + QString("x ").repeated(3000) + "end";
    const QString right = "same " + QString("y ").repeated(3000) + "end";
    const auto diff = wordDiff(left, right);
    ASSERT_EQ(diff.left.size(), 3002U);
    EXPECT_FALSE(diff.left.front().differs);
    EXPECT_TRUE(diff.left[1].differs);
    EXPECT_FALSE(diff.left.back().differs);
}

TEST(WordDiff, HtmlEscapesAndJoinsNeighbours) {
    const std::vector<DiffWord> words{{"<b>", false}, {"x&", true}, {"y", true}, {"z", false}};
    const QString html = markedHtml(words, QColor("#ffe2a8"), QColor("#1a1a1a"));
    EXPECT_EQ(html,
              "&lt;b&gt; <span style=\"font-weight:bold;text-decoration:underline;"
              "background-color:#ffe2a8;color:#1a1a1a\">x&amp; y</span> z");
}

TEST(TimeLeft, IsTheRestAtThePaceSoFar) {
    TimeLeft left;
    EXPECT_EQ(left.text(), "");
    left.report(0, 0);
    left.report(0.1, 10);
    EXPECT_EQ(left.text(), "");  // the pace is not known from one report
    left.report(0.3, 30);        // 20 s for 0.2: 70 s for the other 0.7
    ASSERT_TRUE(left.seconds());
    EXPECT_NEAR(*left.seconds(), 70, 1e-9);
    EXPECT_EQ(left.text(), "about 2 min left");
}

TEST(TimeLeft, WhatAnEarlierRunDidIsNotCounted) {
    TimeLeft left;
    left.report(0.6, 1);   // read from the journal at once
    left.report(0.7, 21);  // 20 s for 0.1
    ASSERT_TRUE(left.seconds());
    EXPECT_NEAR(*left.seconds(), 60, 1e-9);
}

TEST(TimeLeft, WordsRoundUp) {
    EXPECT_EQ(timeLeftText(0), "almost done");
    EXPECT_EQ(timeLeftText(1), "about 5 s left");
    EXPECT_EQ(timeLeftText(40), "about 40 s left");
    EXPECT_EQ(timeLeftText(60), "about 60 s left");
    EXPECT_EQ(timeLeftText(61), "about 2 min left");
    EXPECT_EQ(timeLeftText(180), "about 3 min left");
    EXPECT_EQ(timeLeftText(3600), "about 1 h left");
    EXPECT_EQ(timeLeftText(7801), "about 2 h 15 min left");
    EXPECT_EQ(timeLeftText(std::nan("")), "almost done");
}

TEST(EvaluationRequest, BecomesTheWordsOfTheCommandLine) {
    EvaluationRequest request;
    request.checkpoints = {"demo", "/models/half"};
    request.preset = "card";
    EXPECT_EQ(evaluateArguments(request), QStringList({"evaluate", "demo", "/models/half",
                                                       "--preset", "card", "--per-sample"}));
    request.planFile = "/tmp/p.json";
    request.data = "/data/test set.json";
    request.limit = 20;
    request.loss = false;
    request.options = {{"beams", "2"}};
    EXPECT_EQ(evaluateArguments(request),
              QStringList({"evaluate", "demo", "/models/half", "--plan", "/tmp/p.json", "--data",
                           "/data/test set.json", "--limit", "20", "--metrics", "rouge", "--preset",
                           "card", "--beams", "2", "--per-sample"}));
}

TEST(EvaluationRequest, TheShellLineIsReadBackAsTheSameWords) {
    EXPECT_EQ(shellLine({"evaluate", "a b", "it's", "", "x=1"}),
              "evaluate 'a b' 'it'\\''s' '' x=1");
}

TEST(EvaluationTable, ShowsValuesDifferencesAndMarksThoseBeyondChance) {
    const auto evaluation = threeRuns();
    TableModel model;
    const QAbstractItemModelTester tester(&model, TesterMode::Fatal);
    model.setTable(evaluationTable(evaluation), runTitles(evaluation));
    ASSERT_EQ(model.rowCount(), 3);
    const auto text = [&](int row, const char* key, int role = Qt::DisplayRole) {
        return model.index(row, model.columnOf(key)).data(role);
    };
    EXPECT_EQ(text(0, "rouge1"), "50.00");
    EXPECT_EQ(text(2, "rouge1"), "30.00\n▼ -20.00\n[-20.00, -20.00]");
    EXPECT_EQ(text(1, "loss"), "2.1000\n▲ +0.1000\n[+0.1000, +0.1000]");
    EXPECT_TRUE(text(1, "rouge1").toString().startsWith("50.00\n+0.00\n["));  // no mark: chance
    EXPECT_EQ(text(1, "parameters"), "1,000\n-50.0 %");
    EXPECT_TRUE(text(2, "rouge1", Qt::FontRole).value<QFont>().bold());
    EXPECT_FALSE(text(1, "rouge1", Qt::FontRole).value<QFont>().bold());
    EXPECT_FALSE(text(0, "rouge1", Qt::FontRole).value<QFont>().bold());
    EXPECT_TRUE(text(2, "rouge1", Qt::ToolTipRole).toString().contains("worse than demo"));
    EXPECT_TRUE(text(1, "loss", Qt::ToolTipRole).toString().contains("worse than demo"));
    EXPECT_TRUE(text(1, "rouge1", Qt::ToolTipRole).toString().contains("may be chance"));
    EXPECT_EQ(model.headerData(0, Qt::Vertical, Qt::DisplayRole), "demo\nbaseline");
    EXPECT_EQ(model.headerData(2, Qt::Vertical, Qt::DisplayRole), "quarter");
    EXPECT_EQ(model.headerData(model.columnOf("generate_seconds"), Qt::Horizontal, Qt::DisplayRole),
              "Generation time (s)");
    model.setTable({});
    EXPECT_EQ(model.rowCount(), 0);
}

TEST(EvaluationTable, LeavesOutColumnsThatNoRunHas) {
    auto evaluation = threeRuns();
    for (auto& run : evaluation.runs) run.loss.reset();
    TableModel model;
    model.setTable(evaluationTable(evaluation), runTitles(evaluation));
    EXPECT_EQ(model.columnOf("loss"), -1);
    EXPECT_EQ(model.columnOf("loss_seconds"), -1);
    EXPECT_GE(model.columnOf("rouge1"), 0);
}

TEST(EvaluationTable, RunsOfOneNameAreNumbered) {
    auto evaluation = threeRuns();
    evaluation.runs[2].checkpoint = "/elsewhere/half/";
    EXPECT_EQ(runNames(evaluation), (std::vector<QString>{"demo", "half (1)", "half (2)"}));
}

TEST(NumberSort, CellsWithoutAValueStandLastInBothDirections) {
    auto evaluation = threeRuns();
    evaluation.runs[0].loss.reset();
    TableModel model;
    NumberSort sort;
    sort.setSourceModel(&model);
    model.setTable(evaluationTable(evaluation), runTitles(evaluation));
    const auto rows = [&] {
        std::vector<int> order;
        for (int row = 0; row < sort.rowCount(); ++row)
            order.push_back(sort.mapToSource(sort.index(row, 0)).row());
        return order;
    };
    sort.sort(model.columnOf("loss"), Qt::AscendingOrder);
    EXPECT_EQ(rows(), (std::vector<int>{2, 1, 0}));
    sort.sort(model.columnOf("loss"), Qt::DescendingOrder);
    EXPECT_EQ(rows(), (std::vector<int>{1, 2, 0}));
    sort.sort(-1);
    EXPECT_EQ(rows(), (std::vector<int>{0, 1, 2}));
}

TEST(SampleModel, ListsDialoguesWithScoresAndTheirDifference) {
    const auto evaluation = threeRuns();
    SampleModel model;
    const QAbstractItemModelTester tester(&model, TesterMode::Fatal);
    model.setEvaluation(&evaluation);
    ASSERT_EQ(model.rowCount(), 4);
    ASSERT_EQ(model.columnCount(), 3 + 3 + 1);
    const auto text = [&](int row, int column) { return model.index(row, column).data(); };
    EXPECT_EQ(text(2, SampleModel::IdColumn), "d3");
    EXPECT_EQ(text(2, SampleModel::TokensColumn), "5000");
    EXPECT_EQ(text(2, SampleModel::CutColumn), "cut");
    EXPECT_EQ(text(0, SampleModel::CutColumn), "");
    EXPECT_EQ(text(1, SampleModel::FirstRunColumn + 1), "40.00");
    model.setCompared(0, 1);
    EXPECT_EQ(text(0, 6), "+10.00");
    EXPECT_EQ(text(1, 6), "-10.00");
    model.setCompared(1, 2);
    EXPECT_EQ(text(0, 6), "-30.00");
    EXPECT_EQ(model.headerData(5, Qt::Horizontal, Qt::DisplayRole), "ROUGE-1 quarter");
}

TEST(SampleFilter, FindsEveryWordInTextsAndSummaries) {
    const auto evaluation = threeRuns();
    SampleModel model;
    SampleFilter filter(&model);
    model.setEvaluation(&evaluation);
    filter.setFilterText("MILK dora");
    ASSERT_EQ(filter.rowCount(), 1);
    EXPECT_EQ(filter.index(0, 0).data(), "d4");
    filter.setFilterText("bread");  // in the summary of "half" alone
    EXPECT_EQ(filter.rowCount(), 4);
    filter.setFilterText("nothing has this");
    EXPECT_EQ(filter.rowCount(), 0);
    filter.setFilterText("");
    EXPECT_EQ(filter.rowCount(), 4);
}

constexpr int firstFigure = 2;  // after name and rank

/// Titles and cells of the figures in a row.
QStringList cellsOf(const TableModel& model, int row = 0) {
    QStringList cells;
    for (int i = firstFigure; i < model.columnCount(); ++i) {
        cells
            << model.headerData(i, Qt::Horizontal, Qt::DisplayRole).toString().replace("\n", " ") +
                   " " + model.index(row, i).data().toString();
    }
    return cells;
}

TEST(RandomVectorsTable, ReadsAndShowsTheResultDocument) {
    const auto results = randomVectorsFromJson(parseJson(
        R"({"results":[{"name":"encoder.block.0.layer.0.SelfAttention.q.weight","rank":8,
            "vectors":1000,"cosine_mean":0.91,"cosine_pooled":0.92,"relative_error":0.39,
            "predicted_cosine":null}]})",
        "test"));
    TableModel model;
    const QAbstractItemModelTester tester(&model, TesterMode::Fatal);
    model.setTable(randomVectorsTable(results));
    ASSERT_EQ(model.rowCount(), 1);
    EXPECT_EQ(model.index(0, 0).data(), "encoder 0 SelfAttention.q");
    EXPECT_EQ(model.index(0, 1).data().toInt(), 8);
    EXPECT_EQ(model.headerData(0, Qt::Horizontal, Qt::DisplayRole), "Matrix");
    EXPECT_EQ(model.headerData(1, Qt::Horizontal, Qt::DisplayRole), "Rank");
    EXPECT_EQ(model.index(0, 3).data(Qt::ToolTipRole), "encoder 0 SelfAttention.q, 1000 vectors");
    EXPECT_EQ(model.index(0, 0).data(sortRole), 0);
    EXPECT_FALSE(model.index(0, 4).data(sortRole).isValid());
    EXPECT_EQ(cellsOf(model), (QStringList{"Mean cosine 0.9100", "Pooled cosine 0.9200",
                                           "Predicted cosine –", "Relative error 0.3900"}));
    EXPECT_THROW(randomVectorsFromJson(Json::array()), Error);
    EXPECT_THROW(randomVectorsFromJson(parseJson(R"({"results":[3]})", "test")), Error);
}

TEST(RandomVectorsTable, ShowsTheRealInputsWhereAResultHasThem) {
    auto document = toJson(std::vector<evaluate::RandomVectorsResult>{
        {"encoder.block.0.layer.0.SelfAttention.q.weight", 8, 1000, 0.5, 0.5, 0.5, 0.5},
        {"encoder.block.0.layer.0.SelfAttention.k.weight", 8, 1000, 0.5, 0.5, 0.5, 0.5,
         evaluate::RealInputsResult{0.75, 0.625}}});
    TableModel model;
    const QAbstractItemModelTester tester(&model, TesterMode::Fatal);
    model.setTable(randomVectorsTable(randomVectorsFromJson(document)));
    EXPECT_EQ(cellsOf(model).mid(4),
              (QStringList{"Cosine, calibration –", "Error, calibration –"}));
    EXPECT_EQ(cellsOf(model, 1).mid(4),
              (QStringList{"Cosine, calibration 0.7500", "Error, calibration 0.6250"}));
    document["results"][0]["on_held_out"] = {{"cosine_pooled", 0.25}, {"relative_error", 0.875}};
    model.setTable(randomVectorsTable(randomVectorsFromJson(document)));
    EXPECT_EQ(cellsOf(model).mid(6),
              (QStringList{"Cosine, held out 0.2500", "Error, held out 0.8750"}));
    EXPECT_TRUE(model.headerData(firstFigure + 6, Qt::Horizontal, Qt::ToolTipRole)
                    .toString()
                    .contains("held-out dialogues"));
    model.setTable(randomVectorsTable({}));
    EXPECT_EQ(model.columnCount(), 6);
}

TEST(BarSeries, BarsHaveTheirOwnIntervalsAndStartAtZero) {
    const auto evaluation = threeRuns();
    const BarData rouge = valueBars(evaluation, "rouge1");
    ASSERT_EQ(rouge.bars.size(), 3U);
    EXPECT_EQ(rouge.bars[2].label, "quarter");
    EXPECT_EQ(rouge.bars[2].value, 30);
    EXPECT_EQ(rouge.bars[2].text, "30.00");
    ASSERT_TRUE(rouge.bars[2].hasInterval);
    EXPECT_EQ(rouge.bars[2].low, 25);
    EXPECT_EQ(rouge.bars[2].high, 35);
    EXPECT_EQ(rouge.yLower, 0);
    EXPECT_GT(rouge.yUpper, 55);  // the longest interval's end
    EXPECT_TRUE(rouge.yTitle.contains("ROUGE-1") && rouge.yTitle.contains("95 %"));
    const BarData loss = valueBars(evaluation, "loss");  // the same loss on each dialogue
    ASSERT_TRUE(loss.bars[1].hasInterval);
    EXPECT_NEAR(loss.bars[1].low, 2.1, 1e-12);
    EXPECT_NEAR(loss.bars[1].high, 2.1, 1e-12);
    const BarData time = valueBars(evaluation, "generate_seconds");
    EXPECT_FALSE(time.bars[0].hasInterval);
    EXPECT_EQ(time.yTitle, "Generation time (s)");
}

TEST(BarSeries, DifferencesArePairedAndShowBothSidesOfZero) {
    const BarData data = differenceBars(threeRuns(), "rouge1");
    ASSERT_EQ(data.bars.size(), 2U);
    EXPECT_EQ(data.bars[1].value, -20);
    EXPECT_EQ(data.bars[1].text, "-20.00");
    EXPECT_EQ(data.bars[1].low, -20);
    EXPECT_LT(data.bars[0].low, 0);
    EXPECT_GT(data.bars[0].high, 0);
    EXPECT_LT(data.yLower, -20);
    EXPECT_GT(data.yUpper, 0);
    EXPECT_TRUE(data.yTitle.contains("demo"));
}

}  // namespace
}  // namespace rankscope::ui
