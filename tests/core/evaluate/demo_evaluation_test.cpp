// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "core/checkpoint/selection.h"
#include "core/evaluate/evaluate.h"
#include "core/evaluate/evaluation.h"
#include "core/model/summarization_options.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/text/dataset/read_dataset.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::evaluate {
namespace {

using testing::HasSubstr;

/// The demo model on the real backend, against transformers and rouge_score.
class DemoEvaluation : public ::testing::Test {
 protected:
    DemoEvaluation() {
        ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
        text::DatasetOptions first;
        first.limit = 20;
        data = text::readDataset(std::filesystem::path(DEMO_FOLDER) / "test.json", first);
        options.device = "cpu";
        options.batchSize = 4;
        options.bootstrap.resamples = 200;
    }

    Evaluation run(const std::vector<EvaluationSubject>& subjects) const {
        return evaluate(subjects, data, options, backend::loadBackend({}), Progress());
    }

    void expectGolden(const EvaluationRun& run, const char* preset) const {
        std::map<std::string, double> means;
        for (std::size_t i = 0; i < run.results.size(); ++i) {
            const Json& sample = golden["samples"][i];
            const Json& expected = sample[preset];
            EXPECT_EQ(data.examples[i].id, sample["id"]);
            EXPECT_EQ(run.results[i].output, expected["text"]) << i;
            EXPECT_EQ(Json(run.results[i].ids), expected["ids"]) << i;
            for (std::size_t t = 0; t < text::rougeTypes.size(); ++t) {
                const std::string name(text::rougeName(text::rougeTypes[t]));
                const text::RougeScore& score = run.results[i].rouge[t];
                EXPECT_NEAR(score.precision, expected["rouge"][name][0].get<double>(), 1e-12);
                EXPECT_NEAR(score.recall, expected["rouge"][name][1].get<double>(), 1e-12);
                EXPECT_NEAR(score.f, expected["rouge"][name][2].get<double>(), 1e-12) << name;
                means[name] += 100 * expected["rouge"][name][2].get<double>() /
                               static_cast<double>(run.results.size());
            }
        }
        for (std::size_t t = 0; t < text::rougeTypes.size(); ++t)
            EXPECT_NEAR(run.rouge[t], means[std::string(text::rougeName(text::rougeTypes[t]))],
                        1e-9);
    }

    fixtures::TempFolder folder;
    Json golden = Json::parse(fixtures::readFile(EVALUATION_GOLDENS));
    text::Dataset data;
    EvaluationOptions options;
};

TEST_F(DemoEvaluation, EqualsTransformersAndRougeScore) {
    const EvaluationRun run = this->run({{DEMO_FOLDER, std::nullopt, {}}}).runs.front();
    double sum = 0, tokens = 0;
    for (std::size_t i = 0; i < run.results.size(); ++i) {
        const Json& sample = golden["samples"][i];
        EXPECT_NEAR(run.results[i].lossSum / static_cast<double>(run.results[i].lossTokens),
                    sample["loss"].get<double>() / sample["loss_tokens"].get<double>(), 1e-5);
        sum += sample["loss"].get<double>();
        tokens += sample["loss_tokens"].get<double>();
    }
    EXPECT_NEAR(run.loss->tokenMean, sum / tokens, 1e-5);
    expectGolden(run, "card");
    double length = 0;
    for (const Json& sample : golden["samples"])
        length += static_cast<double>(sample["card"]["ids"].size()) / 20;
    EXPECT_NEAR(run.generatedLength, length, 1e-12);
    EXPECT_EQ(run.parameters, 747'328);
}

TEST_F(DemoEvaluation, EqualsTransformersWithFourBeams) {
    options.loss = false;
    options.summarization.generation = model::presetNamed("beam4").generation;
    expectGolden(run({{DEMO_FOLDER, std::nullopt, {}}}).runs.front(), "beam4");
}

TEST_F(DemoEvaluation, GivesTheTrainersLosses) {
    data.examples.resize(11);
    options.rouge = false;
    const EvaluationLoss loss = *run({{DEMO_FOLDER, std::nullopt, {}}}).runs.front().loss;
    EXPECT_NEAR(loss.trainerBatchMean, golden["trainer"]["trainer_batch_mean"].get<double>(), 1e-5);
    EXPECT_NEAR(loss.trainerWeighted, golden["trainer"]["trainer_weighted"].get<double>(), 1e-5);
}

TEST_F(DemoEvaluation, APlanIsMeasuredAsItWouldBeStored) {
    const auto demo = checkpoint::openCheckpoint(DEMO_FOLDER);
    std::vector<EvaluationSubject> subjects = {{DEMO_FOLDER, std::nullopt, {}}};
    const auto matrices = checkpoint::selectMatrices(demo.matrices(), {"q,k,v,o", {}});
    for (const auto storage : {plan::StorageChoice::Factored, plan::StorageChoice::Pivoted}) {
        plan::PlanOptions how;
        how.target = {plan::RankTarget::Kind::Rank, 24};
        how.storage = storage;
        subjects.push_back({DEMO_FOLDER, plan::makePlan(demo, matrices, {}, how), "by a plan"});
    }
    const Evaluation evaluation = run(subjects);
    const auto& runs = evaluation.runs;
    // 28 matrices of 96x96: two factors of rank 24 hold 2·96·24, pivoted 24² fewer.
    EXPECT_EQ(runs[1].parameters, 747'328 - 28 * (96 * 96 - 2 * 96 * 24));
    EXPECT_EQ(runs[2].parameters, runs[1].parameters - 28 * 24 * 24);
    EXPECT_EQ(runs[0].bytes - runs[1].bytes,
              static_cast<std::uint64_t>(4 * (runs[0].parameters - runs[1].parameters)));
    // 24 of 96 directions: much is lost, and the two forms lose the same.
    EXPECT_GT(runs[1].loss->tokenMean, runs[0].loss->tokenMean + 0.1);
    EXPECT_NEAR(runs[1].loss->tokenMean, runs[2].loss->tokenMean, 1e-4);
    EXPECT_LT(evaluation.comparison[1].interval.high, 0);  // ROUGE-1
}

}  // namespace
}  // namespace rankscope::evaluate
