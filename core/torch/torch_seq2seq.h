// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/backend/seq2seq.h"
#include "core/torch/t5/t5_model.h"

namespace rankscope::torch_backend {

/// backend::Seq2Seq on T5Model; see there for what each function does.
class TorchSeq2Seq final : public backend::Seq2Seq {
 public:
    TorchSeq2Seq(const t5::T5Config& config, const backend::WeightSource& source,
                 const Placement& placement, const Progress& progress);

    std::int64_t vocabulary() const override { return m_model.vocabulary(); }
    std::vector<backend::SequenceLoss> loss(std::span<const backend::TokenIds> sources,
                                            std::span<const backend::TokenIds> targets,
                                            const Progress& progress) override;
    std::vector<backend::GeneratedSequence> generate(std::span<const backend::TokenIds> sources,
                                                     const backend::GenerationOptions& options,
                                                     const Progress& progress) override;
    backend::Activations activations(std::span<const backend::TokenIds> sources,
                                     std::span<const backend::TokenIds> decoderInputs,
                                     bool stepwise) override;
    std::unique_ptr<backend::MomentCollector> collectMoments(
        const backend::MomentOptions& options) override;

 private:
    at::Tensor stepwiseLogits(std::span<const backend::TokenIds> sources,
                              std::span<const backend::TokenIds> decoderInputs) const;

    t5::T5Config m_config;
    T5Model m_model;
};

/// backend::Backend says what it does.
std::unique_ptr<backend::Seq2Seq> openSeq2Seq(const t5::T5Config& config,
                                              const backend::WeightSource& source,
                                              const backend::Seq2SeqOptions& options,
                                              const Progress& progress);

}  // namespace rankscope::torch_backend
