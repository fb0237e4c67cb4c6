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
#include "core/evaluate/evaluation_subject.h"
#include "core/model/summarization_options.h"
#include "core/plan/plan.h"
#include "core/text/dataset/dataset.h"

namespace rankscope::evaluate {

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

}  // namespace rankscope::evaluate
