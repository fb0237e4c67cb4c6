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
#include "core/model/summarization_options.h"
#include "core/text/dataset/dataset.h"
#include "core/text/tokenizer/tokenizer.h"

namespace rankscope::model {

/// A model with its tokenizer: texts in, summaries and losses out.
class Summarizer {
 public:
    /// Throws Error if the tokenizer has ids that the embedding has no rows for.
    Summarizer(std::unique_ptr<backend::Seq2Seq> model, text::Tokenizer tokenizer,
               SummarizationOptions options);

    struct Source {
        backend::TokenIds ids;
        std::int64_t fullLength = 0;  ///< before truncation
    };
    Source encodeSource(std::string_view text) const;
    backend::TokenIds encodeTarget(std::string_view text) const;

    /// One batch. If the device runs out of memory, halves it and goes on, with a warning.
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
    std::int64_t m_paddedTokens = 0;  // that fitted when memory ran out; 0: it never ran out
};

}  // namespace rankscope::model
