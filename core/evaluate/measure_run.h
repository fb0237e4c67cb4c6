// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/evaluation.h"
#include "core/evaluate/evaluation_subject.h"
#include "core/model/summarization_options.h"
#include "core/model/summarizer.h"
#include "core/text/dataset/dataset.h"
#include "core/text/sentences/sentences.h"

namespace rankscope::evaluate {

/// The texts of a data set as one tokenizer sees them, in the data's order.
struct EncodedData {
    std::vector<backend::TokenIds> sources;
    std::vector<backend::TokenIds> targets;  ///< the first references; empty without losses
    std::vector<std::int64_t> fullLengths;   ///< of the sources before truncation
};
EncodedData encodeData(const model::Summarizer& summarizer, const text::Dataset& data,
                       bool targets);

/// Throws Error naming the file and the example if one has no reference.
void requireReferences(const text::Dataset& data);

/// The references of every example, a sentence per line, as ROUGE-Lsum takes them.
std::vector<std::vector<std::string>> referencesOnLines(const text::Dataset& data,
                                                        const text::SentenceSplitter& splitter);

/// Everything that decides a run's results besides the texts and the options of a phase. `plan` is
/// null for a checkpoint as it is; `form` says how its weights are held if not as they are stored.
Json journalIdentity(const checkpoint::Checkpoint& checkpoint, const Json& plan,
                     std::string_view form, const backend::Compute& compute);

/// Batches of positions for the losses: by length of the source, and a quarter of the budget for
/// padded target tokens, whose logits are as wide as the vocabulary. Batches for generation: by
/// length; a source counts at least the tokens its beams may come to.
std::vector<std::vector<std::size_t>> lossBatches(const EncodedData& data,
                                                  std::int64_t tokenBudget);
std::vector<std::vector<std::size_t>> generationBatches(const EncodedData& data,
                                                        const model::SummarizationOptions& options);

/// One subject's two measurements on encoded data; each batch comes from the journal where an
/// earlier run finished it.
class RunMeasurement {
 public:
    /// `identity`: all that decides the results besides the phase's own options.
    RunMeasurement(OpenedSubject& subject, const EncodedData& data, Json identity, bool useJournal)
        : m_subject(subject),
          m_data(data),
          m_identity(std::move(identity)),
          m_useJournal(useJournal) {}

    /// Fills lossSum, lossTokens and the seconds. `progress` runs from 0 to 1.
    void losses(EvaluationRun& run, const Progress& progress) const;
    /// Fills ids, output and the seconds.
    void summaries(EvaluationRun& run, const Progress& progress) const;

 private:
    struct Phase {
        Json key;  ///< what its results depend on, besides the model: part of the journal's key
        std::string_view label;                         ///< in the progress: "summaries"
        std::vector<std::vector<std::size_t>> batches;  ///< positions in the data
    };

    template <typename Compute, typename Accept>
    double batches(const Phase& phase, EvaluationRun& run, const Progress& progress,
                   const Compute& compute, const Accept& accept) const;

    OpenedSubject& m_subject;
    const EncodedData& m_data;
    Json m_identity;
    bool m_useJournal;
};

}  // namespace rankscope::evaluate
