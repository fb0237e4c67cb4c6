// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/evaluate/comparison.h"
#include "core/evaluate/evaluate.h"
#include "core/evaluate/evaluation.h"
#include "core/evaluate/loss_rules.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::evaluate {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

SampleResult withLoss(double sum, std::int64_t tokens) {
    SampleResult result;
    result.lossSum = sum;
    result.lossTokens = tokens;
    return result;
}

std::vector<SampleResult> resultsOf(const std::vector<std::pair<double, std::int64_t>>& losses) {
    std::vector<SampleResult> results;
    for (const auto& [sum, tokens] : losses) results.push_back(withLoss(sum, tokens));
    return results;
}

TEST(LossRules, AreThoseOfTheTrainer) {
    const Json golden = Json::parse(fixtures::readFile(EVALUATION_GOLDENS));
    const Json& trainer = golden["trainer"];
    std::vector<SampleResult> results;
    for (std::size_t i = 0; i < trainer["examples"].get<std::size_t>(); ++i)
        results.push_back(withLoss(golden["samples"][i]["loss"].get<double>(),
                                   golden["samples"][i]["loss_tokens"].get<std::int64_t>()));
    ASSERT_EQ(results.size(), 11U);
    std::vector<std::int64_t> bad;
    const EvaluationLoss loss = lossByRules(results, 4, bad);
    EXPECT_TRUE(bad.empty());
    EXPECT_NEAR(loss.trainerBatchMean, trainer["trainer_batch_mean"].get<double>(), 1e-5);
    EXPECT_NEAR(loss.trainerWeighted, trainer["trainer_weighted"].get<double>(), 1e-5);
    EXPECT_GT(std::abs(loss.trainerWeighted - loss.trainerBatchMean), 0.05);  // they do differ
}

TEST(LossRules, ByHand) {
    // Batches {1/1, 3/2}, {10/5}: l = 4/3, 2.
    std::vector<std::int64_t> bad;
    const EvaluationLoss loss = lossByRules(resultsOf({{1, 1}, {3, 2}, {10, 5}}), 2, bad);
    EXPECT_DOUBLE_EQ(loss.tokenMean, 14.0 / 8);
    EXPECT_DOUBLE_EQ(loss.trainerWeighted, (2 * 4.0 / 3 + 2) / 3);
    EXPECT_DOUBLE_EQ(loss.trainerBatchMean, (4.0 / 3 + 2) / 2);
    EXPECT_EQ(loss.batchSize, 2);
}

TEST(LossRules, LeaveOutAndNameWhatIsNotFinite) {
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<std::int64_t> bad;
    const EvaluationLoss loss =
        lossByRules(resultsOf({{1, 1}, {nan, 2}, {infinity, 3}, {nan, 1}, {10, 5}}), 2, bad);
    EXPECT_EQ(bad, (std::vector<std::int64_t>{1, 2, 3}));
    EXPECT_DOUBLE_EQ(loss.tokenMean, 11.0 / 6);
    EXPECT_DOUBLE_EQ(loss.trainerWeighted, (1.0 + 2) / 2);
    EXPECT_DOUBLE_EQ(loss.trainerBatchMean, (1.0 + 2) / 2);
    bad.clear();
    EXPECT_TRUE(std::isnan(lossByRules(resultsOf({{nan, 2}}), 2, bad).tokenMean));
}

/// Two runs whose second is worse by exactly `step` on every example.
Evaluation shifted(double step) {
    Evaluation evaluation;
    for (int r = 0; r < 2; ++r) {
        EvaluationRun run;
        run.checkpoint = r == 0 ? "a" : "b";
        run.loss = EvaluationLoss();
        run.hasRouge = true;
        for (int i = 0; i < 30; ++i) {
            SampleResult result;
            result.lossTokens = 1 + i % 4;
            result.lossSum = i + r * step * static_cast<double>(result.lossTokens);
            result.ids.resize(static_cast<std::size_t>(5 + i + 2 * r));
            for (text::RougeScore& score : result.rouge) score.f = 0.02 * i - r * step;
            run.results.push_back(result);
        }
        evaluation.runs.push_back(run);
    }
    return evaluation;
}

TEST(CompareRuns, PairsExamples) {
    // The examples vary widely, their differences do not at all: unpaired intervals would be wide.
    const auto comparisons = compareRuns(shifted(0.25), {.resamples = 500});
    ASSERT_EQ(comparisons.size(), 6U);
    EXPECT_EQ(comparisons[0].metric, "loss");
    EXPECT_NEAR(comparisons[0].difference, 0.25, 1e-12);
    EXPECT_NEAR(comparisons[0].interval.low, 0.25, 1e-12);
    EXPECT_NEAR(comparisons[0].interval.high, 0.25, 1e-12);
    EXPECT_EQ(comparisons[1].metric, "rouge1");
    EXPECT_NEAR(comparisons[1].difference, -25, 1e-9);
    EXPECT_NEAR(comparisons[1].interval.low, -25, 1e-9);
    EXPECT_EQ(comparisons[5].metric, "generated_length");
    EXPECT_NEAR(comparisons[5].difference, 2, 1e-12);
}

TEST(CompareRuns, LeavesBadLossesOutOfBothAndOtherTokenizersAlone) {
    Evaluation evaluation = shifted(0.5);
    evaluation.runs[0].results[3].lossSum = nan;
    evaluation.runs[1].results[7].lossSum = nan;
    EXPECT_NEAR(compareRuns(evaluation, {.resamples = 100})[0].difference, 0.5, 1e-12);
    ++evaluation.runs[1].results[9].lossTokens;
    EXPECT_TRUE(std::isnan(compareRuns(evaluation, {.resamples = 100})[0].difference));
    EXPECT_TRUE(std::isnan(compareRuns(evaluation, {.resamples = 100})[0].interval.low));
}

}  // namespace
}  // namespace rankscope::evaluate
