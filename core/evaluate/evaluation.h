// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/evaluate/bootstrap.h"
#include "core/text/rouge/rouge.h"

namespace rankscope::evaluate {

/// One model's result on one example.
struct SampleResult {
    double lossSum = 0;  ///< -Σ log p over the reference's tokens
    std::int64_t lossTokens = 0;
    std::string output;             ///< the summary
    std::vector<std::int32_t> ids;  ///< its tokens
    text::RougeScores rouge{};
};

/// eval_loss by the three rules in use; docs/methods/evaluation.md has the formulas and who uses
/// which.
struct EvaluationLoss {
    double tokenMean = 0;         ///< over all tokens of the set
    double trainerWeighted = 0;   ///< transformers up to 4.35: batch means weighted by batch size
    double trainerBatchMean = 0;  ///< transformers from 4.36 on: plain mean of the batch means
    std::int64_t batchSize = 8;   ///< of both Trainer rules, in the data's order
};

/// One model on the whole set.
struct EvaluationRun {
    std::string checkpoint;  ///< as the user named it
    std::int64_t parameters = 0;
    std::uint64_t bytes = 0;
    std::int64_t samples = 0;
    std::int64_t truncatedSources = 0;
    std::vector<std::int64_t> badLosses;  ///< positions of examples whose loss is no finite number;
                                          ///< left out of all three rules, and named
    std::optional<EvaluationLoss> loss;   ///< where asked for
    std::array<double, text::rougeTypes.size()> rouge{};             ///< exact means of F, × 100
    std::array<Interval, text::rougeTypes.size()> rougeIntervals{};  ///< 95 %
    bool hasRouge = false;
    double generatedLength = 0;  ///< mean tokens, </s> counted, start token not
    double lossSeconds = 0, generateSeconds = 0;
    double lossTokensPerSecond = 0;      ///< source and target tokens, padding not counted
    double generateTokensPerSecond = 0;  ///< generated tokens
    bool fromJournal = false;            ///< at least partly read from an earlier run
    std::string device, compute;
    std::vector<SampleResult> results;  ///< one an example
};

/// Metric of run `run` minus that of the baseline, with a paired bootstrap interval.
struct Comparison {
    std::string checkpoint;
    std::string metric;  ///< "loss", "rouge1" …
    double difference = 0;
    Interval interval;  ///< 95 %
};

/// One example as every run saw it.
struct EvaluationSample {
    std::string id, source;
    std::vector<std::string> references;
    std::int64_t sourceTokens = 0;  ///< before truncation
    bool truncated = false;
};

struct Evaluation {
    std::vector<EvaluationRun> runs;  ///< the first is the baseline
    std::vector<Comparison> comparison;
    std::vector<EvaluationSample> samples;
    Json settings;  ///< options, dataset (file, hash, rows left out), splitter, versions, seed
    std::vector<std::string> warnings;
};

/// The document of docs/formats.md; `samples` only with `perSample`.
Json toJson(const Evaluation& evaluation, bool perSample);
/// Reads it back (the window does). Throws Error if it is no such document.
Evaluation evaluationFromJson(const Json& document);

}  // namespace rankscope::evaluate
