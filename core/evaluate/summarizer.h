// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/plan.h"
#include "core/evaluate/summarization_options.h"
#include "core/text/dataset/dataset.h"
#include "core/text/tokenizer/tokenizer.h"

namespace rankscope::evaluate {

/// The weights of a checkpoint as its files keep them.
class CheckpointWeights : public backend::WeightSource {
 public:
    explicit CheckpointWeights(const checkpoint::Checkpoint& checkpoint)
        : m_checkpoint(&checkpoint) {}
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    const checkpoint::Checkpoint* m_checkpoint;
};

/// The weights of a checkpoint compressed by a plan in memory; nothing is written.
class PlannedWeights : public backend::WeightSource {
 public:
    PlannedWeights(const checkpoint::Checkpoint& checkpoint, const compress::CompressionPlan& plan,
                   const backend::Device& device, const backend::Backend& backend);
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    CheckpointWeights m_source;
    const checkpoint::Checkpoint* m_checkpoint;
    const compress::CompressionPlan* m_plan;
    backend::Device m_device;
    const backend::Backend* m_backend;
};

/// config.json in the words of the backend.
backend::T5Dimensions dimensionsOf(const checkpoint::Checkpoint& checkpoint);

/// A model with its tokenizer: texts in, summaries and losses out.
class Summarizer {
 public:
    /// Throws Error where the tokenizer has ids that the embedding has no rows for.
    Summarizer(std::unique_ptr<backend::Seq2Seq> model, text::Tokenizer tokenizer,
               SummarizationOptions options);

    struct Source {
        backend::TokenIds ids;
        std::int64_t fullLength = 0;  ///< before truncation
    };
    Source encodeSource(std::string_view text) const;
    backend::TokenIds encodeTarget(std::string_view text) const;

    /// One batch. Halves it and goes on where the device runs out of memory, with a warning.
    std::vector<backend::SequenceLoss> loss(std::span<const backend::TokenIds> sources,
                                            std::span<const backend::TokenIds> targets,
                                            const Progress& progress);
    std::vector<backend::GeneratedSequence> generate(std::span<const backend::TokenIds> sources,
                                                     const Progress& progress);
    /// Of the model's layer inputs, see backend/moments.h.
    std::unique_ptr<backend::MomentCollector> collectMoments(
        const backend::MomentOptions& options) {
        return m_model->collectMoments(options);
    }
    /// Without special tokens and outer white space.
    std::string textOf(const backend::TokenIds& ids) const;

    const text::Tokenizer& tokenizer() const { return m_tokenizer; }
    const SummarizationOptions& options() const { return m_options; }

 private:
    template <typename Result, typename Compute>
    std::vector<Result> inParts(std::span<const backend::TokenIds> sources,
                                const Progress& progress, const Compute& compute);

    std::unique_ptr<backend::Seq2Seq> m_model;
    text::Tokenizer m_tokenizer;
    SummarizationOptions m_options;
    std::int64_t m_paddedTokens = 0;  // that fitted when memory ran out; 0: it never did
};

/// Groups of positions in `lengths`, longest first, so that (longest of a group) × (its size) stays
/// within `tokenBudget` (one position at least); a position counts `atLeast` tokens, which bounds
/// the rows of a group. The same for the same lengths on every machine.
std::vector<std::vector<std::size_t>> batchesByLength(std::span<const std::int64_t> lengths,
                                                      std::int64_t tokenBudget,
                                                      std::int64_t atLeast = 1);

}  // namespace rankscope::evaluate
