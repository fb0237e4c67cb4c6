// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/backend/generation.h"
#include "core/backend/seq2seq.h"

namespace rankscope::torch_backend {

/// The special ids of a model.
struct SpecialTokens {
    std::int64_t start = 0;
    std::int64_t eos = 1;
    std::int64_t pad = 0;
};

/// A running hypothesis extended by one token.
struct BeamCandidate {
    float score = 0;  ///< Σ log p, including the new token
    std::int32_t beam = 0;
    std::int32_t token = 0;
};

/// Beam search of one source, by the rules of transformers' generate()
/// (docs/methods/evaluation.md), in float32 as there.
class BeamSearch {
 public:
    BeamSearch(const backend::GenerationOptions& options, const SpecialTokens& tokens);

    /// One step: `candidates` are the best 2 · beams continuations of the running hypotheses, best
    /// first. Not to be called once done() is true.
    void advance(std::span<const BeamCandidate> candidates);

    /// True once no further step can, or may, change the result.
    bool done() const { return m_done; }

    /// Of the running hypotheses, best first: Σ log p, ids including the start token, and which one
    /// of the step before each continues.
    float score(std::size_t beam) const { return m_running[beam].score; }
    const backend::TokenIds& ids(std::size_t beam) const { return m_running[beam].ids; }
    std::span<const std::int32_t> parents() const { return m_parents; }

    /// The best finished hypothesis. Empty, with a score of NaN, if the model gave no finite
    /// probabilities.
    backend::GeneratedSequence best() const;

 private:
    struct Hypothesis {
        float score = 0;
        backend::TokenIds ids;  // the start token first
        bool finished = false;
    };

    Hypothesis continued(const BeamCandidate& candidate, float score) const;
    void keepFinished(std::span<const BeamCandidate> candidates);
    void keepRunning(std::span<const BeamCandidate> candidates);
    bool canImprove() const;
    bool ends(const BeamCandidate& candidate) const;
    float lengthDivisor(std::int64_t length) const;

    backend::GenerationOptions m_options;
    std::int32_t m_eos;
    std::int64_t m_length = 0;  // tokens generated
    std::vector<Hypothesis> m_running, m_finished;
    std::vector<std::int32_t> m_parents;
    bool m_done = false;
};

}  // namespace rankscope::torch_backend
