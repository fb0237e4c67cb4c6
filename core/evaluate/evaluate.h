// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/option.h"
#include "core/base/progress.h"
#include "core/evaluate/bootstrap.h"
#include "core/evaluate/evaluation.h"
#include "core/model/summarization_options.h"
#include "core/plan/plan.h"
#include "core/text/dataset/dataset.h"

namespace rankscope::evaluate {

/// One model to measure.
struct EvaluationSubject {
    std::string checkpoint;                     ///< a CHECKPOINT
    std::optional<plan::CompressionPlan> plan;  ///< compress it in memory first
    std::string label;                          ///< as shown; empty: `checkpoint`
};

struct EvaluationOptions {
    model::SummarizationOptions summarization;
    std::int64_t batchSize = 8;  ///< of the Trainer rules of the loss
    bool loss = true, rouge = true;
    bool stemmer = true;
    std::string device = "auto";
    std::uint64_t seed = 0;  ///< of the bootstrap
    bool useJournal = true;  ///< go on with what an interrupted run left
    BootstrapOptions bootstrap;
};

/// --metrics, --batch-size, --no-stemmer, --no-cache, --per-sample.
std::span<const Option> evaluationOptionTable();

/// Measures every subject on the data, one after the other, the first as the baseline. Finished
/// batches are kept in a journal (docs/formats.md) in the cache folder, so that an interrupted run
/// goes on where it was and gives the identical result. Losses are those of the first reference,
/// ROUGE takes the best of all. Throws Error; Interrupted on a stop.
Evaluation evaluate(std::span<const EvaluationSubject> subjects, const text::Dataset& data,
                    const EvaluationOptions& options, const backend::Backend& backend,
                    const Progress& progress);

/// Losses of examples in the data's order, by the three rules. With s_i and t_i the loss sum and
/// tokens of example i, and batches b of `batchSize` consecutive examples (the last may be short),
/// n_b of them, l_b = Σ s_i / Σ t_i over the batch: tokenMean = Σ s_i / Σ t_i over all,
/// trainerWeighted = Σ n_b l_b / Σ n_b, trainerBatchMean = Σ l_b / K with K batches. Positions of
/// non-finite losses are appended to `bad` and left out of every sum and count; a batch of nothing
/// else is no batch. NaN where nothing is left.
EvaluationLoss lossByRules(std::span<const SampleResult> results, std::int64_t batchSize,
                           std::vector<std::int64_t>& bad);

/// Differences of every later run to the first, run by run, for "loss" (the token mean), the ROUGE
/// types and "generated_length", as far as measured. Paired: a resample draws examples, and both
/// runs' numbers of an example go together. The loss is Σ (s'_i - s_i) / Σ t_i over the examples
/// that are finite in both runs, a ratio of sums resampled as such; where the two tokenizers split
/// a reference into different numbers of tokens, losses per token are not comparable, and
/// difference and interval are NaN.
std::vector<Comparison> compareRuns(const Evaluation& evaluation, const BootstrapOptions& options);

}  // namespace rankscope::evaluate
