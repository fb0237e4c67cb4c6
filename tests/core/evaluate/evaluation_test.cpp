// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/base/error.h"

namespace rankscope::evaluate {
namespace {

using testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Two runs on two examples; numbers that no short decimal gives back.
Evaluation twoRuns() {
    Evaluation evaluation;
    for (const char* name : {"demo", "small\nname"}) {
        EvaluationRun run;
        run.checkpoint = name;
        run.parameters = 747'328;
        run.bytes = 5'000'000'000;
        run.samples = 2;
        run.truncatedSources = 1;
        run.badLosses = {1};
        run.loss = EvaluationLoss{1.0 / 3, 2.0 / 3, nan, 4};
        run.hasRouge = true;
        run.rouge = {46.1 / 3, 22.3 / 3, 38.5 / 3, 42.1 / 3};
        run.rougeIntervals[2] = {0.1, 0.7};
        run.generatedLength = 17.5;
        run.lossSeconds = 1.0 / 7;
        run.generateSeconds = 3;
        run.lossTokensPerSecond = 1e5;
        run.generateTokensPerSecond = 99.5;
        run.fromJournal = true;
        run.device = "cpu";
        run.compute = "float32";
        SampleResult good{.lossSum = 10.0 / 3, .lossTokens = 5, .output = "a b", .ids = {3, 9, 1}};
        good.rouge[1] = {1.0 / 3, 0.5, 0.4};
        SampleResult bad;
        bad.lossSum = nan;
        bad.lossTokens = 3;
        run.results = {good, bad};
        evaluation.runs.push_back(run);
    }
    evaluation.comparison = {{"small\nname", "loss", 0.1, {-0.1, 1.0 / 3}}};
    evaluation.samples = {{"007", "A: hi\r\nB: \"yes\"", {"r1", "r2"}, 5000, true},
                          {"8", "x", {"y"}, 3, false}};
    evaluation.settings = {{"preset", "card"}};
    evaluation.warnings = {"one"};
    return evaluation;
}

TEST(EvaluationJson, GivesBackEveryNumberExactly) {
    const Evaluation before = twoRuns();
    const Json document = toJson(before, true);
    const Evaluation after = evaluationFromJson(Json::parse(document.dump()));
    EXPECT_EQ(toJson(after, true).dump(), document.dump());
    ASSERT_EQ(after.runs.size(), 2U);
    const EvaluationRun& run = after.runs[1];
    EXPECT_EQ(run.checkpoint, "small\nname");
    EXPECT_EQ(run.bytes, 5'000'000'000U);
    EXPECT_EQ(run.loss->tokenMean, 1.0 / 3);
    EXPECT_TRUE(std::isnan(run.loss->trainerBatchMean));
    EXPECT_EQ(run.rouge, before.runs[1].rouge);
    EXPECT_EQ(run.rougeIntervals[2].high, 0.7);
    EXPECT_EQ(run.results[0].lossSum, 10.0 / 3);
    EXPECT_EQ(run.results[0].ids, (std::vector<std::int32_t>{3, 9, 1}));
    EXPECT_EQ(run.results[0].rouge[1].precision, 1.0 / 3);
    EXPECT_TRUE(std::isnan(run.results[1].lossSum));
    EXPECT_EQ(run.results[1].lossTokens, 3);
    EXPECT_EQ(after.comparison[0].interval.high, 1.0 / 3);
    EXPECT_EQ(after.samples[0].source, before.samples[0].source);
    EXPECT_TRUE(after.samples[0].truncated);
}

TEST(EvaluationJson, HasTheFieldsThatScriptsUse) {
    const Json document = toJson(twoRuns(), false);
    EXPECT_FALSE(document.contains("samples"));
    const Json& run = document["runs"][0];
    EXPECT_EQ(run["loss"]["token_mean"], 1.0 / 3);
    EXPECT_EQ(run["loss"]["trainer_weighted"], 2.0 / 3);
    EXPECT_TRUE(run["loss"]["trainer_batch_mean"].is_null());
    EXPECT_EQ(run["loss"]["batch_size"], 4);
    EXPECT_EQ(run["rouge"]["rougeLsum"], 42.1 / 3);
    EXPECT_EQ(run["rouge_intervals"]["rougeL"], Json::array({0.1, 0.7}));
    EXPECT_EQ(run["seconds"]["generate"], 3.0);
    EXPECT_EQ(run["bad_losses"], Json::array({1}));
    EXPECT_EQ(document["comparison"][0]["low"], -0.1);
    Evaluation without = twoRuns();
    without.runs[0].loss.reset();
    without.runs[0].hasRouge = false;
    EXPECT_TRUE(toJson(without, false)["runs"][0]["loss"].is_null());
    EXPECT_TRUE(toJson(without, false)["runs"][0]["rouge"].is_null());
    EXPECT_FALSE(evaluationFromJson(toJson(without, false)).runs[0].hasRouge);
}

TEST(EvaluationJson, RefusesOtherDocuments) {
    const Json good = toJson(twoRuns(), true);
    const std::vector<std::function<void(Json&)>> changes = {
        [](Json& d) { d.erase("runs"); },
        [](Json& d) { d["runs"] = 3; },
        [](Json& d) { d["runs"][0]["parameters"] = "many"; },
        [](Json& d) { d["runs"][1]["rouge_intervals"]["rouge1"] = Json::array({1}); },
        [](Json& d) { d["samples"][0]["outputs"].erase(1); },
        [](Json& d) {
            d["samples"][1]["outputs"][0]["ids"] = {{"a", 1}};
        },
        [](Json& d) { d["comparison"][0]["metric"] = 1; },
        [](Json& d) { d = Json::array(); },
        [](Json& d) { d["warnings"] = nullptr; },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Json document = good;
        changes[i](document);
        try {
            evaluationFromJson(document);
            ADD_FAILURE() << "change " << i << " was accepted";
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("evaluation"));
        }
    }
}

}  // namespace
}  // namespace rankscope::evaluate
