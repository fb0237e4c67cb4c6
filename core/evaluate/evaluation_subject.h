// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/model/summarization_options.h"
#include "core/model/summarizer.h"
#include "core/plan/plan.h"

namespace rankscope::evaluate {

/// One model to measure.
struct EvaluationSubject {
    std::string checkpoint;                                       ///< a CHECKPOINT
    std::optional<plan::CompressionPlan> plan = {};               ///< compress it in memory first
    std::string label = {};                                       ///< as shown; empty: `checkpoint`
    std::shared_ptr<const method::Calibration> calibration = {};  ///< that the plan looks at
};

/// A subject ready to run.
struct OpenedSubject {
    std::string label;
    checkpoint::Checkpoint checkpoint;
    std::int64_t parameters = 0;  ///< stored; of a plan: as it would be stored
    std::uint64_t bytes = 0;      ///< of the weight files; of a plan: as they would be
    std::unique_ptr<model::Summarizer> summarizer;
};

/// The tokenizer of a checkpoint's folder. Throws Error if it has none; the sentence says where
/// `donor` (the first checkpoint of an evaluation, may be null) has one that would fit.
text::Tokenizer openTokenizer(const checkpoint::Checkpoint& checkpoint,
                              const checkpoint::Checkpoint* donor);

/// Builds the model on the device. Warnings of the checkpoint go to `progress`.
OpenedSubject openSubject(const EvaluationSubject& subject, const checkpoint::Checkpoint* donor,
                          const model::SummarizationOptions& options,
                          const backend::Compute& compute, const Progress& progress);

}  // namespace rankscope::evaluate
