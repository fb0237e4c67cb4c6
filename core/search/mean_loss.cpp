// SPDX-License-Identifier: Apache-2.0
#include "core/search/mean_loss.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/method/calibration.h"
#include "core/model/batches.h"
#include "core/model/checkpoint_weights.h"
#include "core/model/summarization_options.h"
#include "core/plan/slim_plan.h"

namespace rankscope::search {

double meanLoss(backend::Seq2Seq& model, std::span<const method::CalibrationExample> examples,
                const Progress& progress) {
    std::vector<std::int64_t> lengths;
    for (const method::CalibrationExample& example : examples)
        lengths.push_back(static_cast<std::int64_t>(example.source.size()));
    double sum = 0;
    std::int64_t tokens = 0;
    for (const auto& batch :
         model::batchesByLength(lengths, model::SummarizationOptions().tokenBudget)) {
        std::vector<backend::TokenIds> sources;
        std::vector<backend::TokenIds> targets;
        for (const std::size_t position : batch) {
            sources.push_back(examples[position].source);
            targets.push_back(examples[position].target);
        }
        for (const backend::SequenceLoss& one : model.loss(sources, targets, progress)) {
            sum += one.sum;
            tokens += one.tokens;
        }
    }
    return sum / static_cast<double>(tokens);
}

namespace {

double lossOf(const t5::T5Config& config, const backend::WeightSource& weights,
              std::span<const method::CalibrationExample> examples, const backend::Compute& compute,
              const Progress& progress) {
    backend::Seq2SeqOptions options;
    options.device = compute.device;
    const auto model = compute.backend.openSeq2Seq(config, weights, options, progress);
    return meanLoss(*model, examples, progress);
}

}  // namespace

double meanLoss(const checkpoint::Checkpoint& checkpoint,
                std::span<const method::CalibrationExample> examples,
                const backend::Compute& compute, const Progress& progress) {
    return lossOf(checkpoint.config(), model::CheckpointWeights(checkpoint), examples, compute,
                  progress);
}

double meanLoss(const compress::PlannedModel& model,
                std::span<const method::CalibrationExample> examples, const Progress& progress) {
    const auto factors = compress::factorsOf(model, progress);
    return lossOf(plan::plannedConfig(model.checkpoint, model.plan),
                  compress::PlannedWeights(model, factors, compress::PlannedForm::TwoFactors),
                  examples, model.compute, progress);
}

}  // namespace rankscope::search
