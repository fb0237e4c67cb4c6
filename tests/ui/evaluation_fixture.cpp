// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/evaluation_fixture.h"

#include <array>

#include "core/evaluate/comparison.h"
#include "core/evaluate/evaluate.h"
#include "core/evaluate/evaluation.h"

namespace rankscope::uitest {

namespace {

constexpr std::size_t dialogues = 4;

struct Invented {
    const char* checkpoint;
    const char* summary;
    std::array<double, dialogues> rouge1;  // F
    double loss;                           // sum over 5 tokens
    double rouge1Mean;                     // × 100
};

constexpr std::array<Invented, 3> invented{
    {{"demo", "Anna will buy milk .", {0.5, 0.5, 0.5, 0.5}, 10, 50},
     {"/models/half", "Anna will buy bread .", {0.6, 0.4, 0.6, 0.4}, 10.5, 50},
     {"/models/quarter", "Ben sleeps .", {0.3, 0.3, 0.3, 0.3}, 10, 30}}};

}  // namespace

evaluate::Evaluation threeRuns() {
    evaluate::Evaluation evaluation;
    for (const Invented& about : invented) {
        evaluate::EvaluationRun run;
        run.checkpoint = about.checkpoint;
        run.parameters = about.checkpoint == std::string("demo") ? 2000 : 1000;
        run.bytes = 8000;
        run.samples = dialogues;
        run.truncatedSources = 1;
        run.loss = evaluate::EvaluationLoss{about.loss / 5, about.loss / 5, about.loss / 5, 8};
        run.hasRouge = true;
        run.rouge = {about.rouge1Mean, 20, 30, 30};
        run.rougeIntervals[0] = {about.rouge1Mean - 5, about.rouge1Mean + 5};
        run.generatedLength = 6;
        run.lossSeconds = 1;
        run.generateSeconds = 2;
        run.lossTokensPerSecond = 100;
        run.generateTokensPerSecond = 12;
        run.device = "cpu";
        run.compute = "float32";
        for (std::size_t i = 0; i < dialogues; ++i) {
            evaluate::SampleResult result;
            result.lossSum = about.loss;
            result.lossTokens = 5;
            result.output = about.summary;
            result.ids = {1, 2, 3, 4, 5, 6};
            result.rouge[0] = {about.rouge1[i], about.rouge1[i], about.rouge1[i]};
            run.results.push_back(result);
        }
        evaluation.runs.push_back(run);
    }
    evaluation.samples = {{"d1", "Anna: I will go <now> for milk.", {"Anna buys milk."}, 40, false},
                          {"d2", "Ben: Good night!", {"Ben goes to sleep."}, 9, false},
                          {"d3", "Cleo: A very long story.", {"Cleo talks."}, 5000, true},
                          {"d4", "Dora: Milk again?", {"Dora asks for milk."}, 10, false}};
    evaluation.settings = {{"preset", "card"}};
    evaluation.comparison = evaluate::compareRuns(evaluation, {});
    return evaluation;
}

std::string answering(const fixtures::TempFolder& folder, const evaluate::Evaluation& evaluation) {
    const Json done{{"event", "done"}, {"result", toJson(evaluation, true)}};
    const auto file = folder / "answer.json";
    fixtures::writeFile(file, done.dump() + "\n");
    return "cat '" + file.string() + "'\n";
}

}  // namespace rankscope::uitest
