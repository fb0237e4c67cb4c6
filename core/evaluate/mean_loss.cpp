// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/mean_loss.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "core/evaluate/prepare_plan.h"
#include "core/evaluate/prepared_weights.h"
#include "core/evaluate/summarizer.h"

namespace rankscope::evaluate {

double meanLoss(backend::Seq2Seq& model, std::span<const compress::CalibrationExample> examples,
                const Progress& progress) {
    std::vector<std::int64_t> lengths;
    for (const compress::CalibrationExample& example : examples)
        lengths.push_back(static_cast<std::int64_t>(example.source.size()));
    double sum = 0;
    std::int64_t tokens = 0;
    for (const auto& batch : batchesByLength(lengths, SummarizationOptions().tokenBudget)) {
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

double meanLoss(const checkpoint::Checkpoint& checkpoint, const compress::CompressionPlan* plan,
                std::span<const compress::CalibrationExample> examples,
                const backend::Device& device, const backend::Backend& backend,
                const Progress& progress) {
    backend::Seq2SeqOptions options;
    options.device = device;
    const auto lossOf = [&](const backend::WeightSource& weights) {
        const auto model =
            backend.openSeq2Seq(dimensionsOf(checkpoint), weights, options, progress);
        return meanLoss(*model, examples, progress);
    };
    if (plan == nullptr) return lossOf(CheckpointWeights(checkpoint));
    compress::CompressionPlan prepared = *plan;
    preparePlan(prepared, checkpoint, device, backend, progress);
    return lossOf(PreparedWeights(checkpoint, prepared, device, backend));
}

}  // namespace rankscope::evaluate
