// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/torch/kernels/ragged.h"
#include "core/torch/t5/decoder_steps.h"
#include "core/torch/t5/position_bias.h"
#include "core/torch/t5/t5_blocks.h"

namespace rankscope::torch_backend {

/// A T5: embedding, encoder, decoder and head, in transformers' order of operations (eager
/// attention). Batches are ragged: rows of all sequences one after the other, no padding.
class T5Model {
 public:
    /// Takes the weights one after the other. Throws Error naming the tensor that does not fit.
    T5Model(const t5::T5Config& config, const backend::WeightSource& source,
            const Placement& placement, const Progress& progress);

    /// The encoder's output [rows, dModel], after the final norm. `states`, if given, receives
    /// copies: after the embedding, each block but the last, and the final norm. `observer`, if
    /// given, sees every layer's input.
    at::Tensor encode(std::span<const backend::TokenIds> sources, const Progress& progress,
                      std::vector<at::Tensor>* states = nullptr,
                      InputObserver* observer = nullptr) const;

    /// The decoder's output [rows, dModel] for whole inputs, after the final norm.
    at::Tensor decode(std::span<const backend::TokenIds> inputs, const at::Tensor& encoded,
                      const Ragged& sources, const Progress& progress,
                      std::vector<at::Tensor>* states = nullptr,
                      InputObserver* observer = nullptr) const;

    /// The head's input: decoder outputs, scaled if the model asks for it.
    at::Tensor headInput(const at::Tensor& decoded) const;

    /// The head: float32 [rows, vocabulary] from decoder outputs.
    at::Tensor logits(const at::Tensor& decoded) const;

    /// Encodes and prepares to decode token by token, `beams` rows per source, at most `maxSteps`
    /// tokens each. The model must outlive it.
    std::unique_ptr<DecoderSteps> startDecoding(std::span<const backend::TokenIds> sources,
                                                std::int64_t beams, std::int64_t maxSteps,
                                                const Progress& progress) const;

    /// ids: int64 [rows] on the device; gives [rows, dModel].
    at::Tensor embed(const at::Tensor& ids) const { return m_shared->weightRows(ids); }

    std::int64_t vocabulary() const { return m_shared->out(0); }
    const t5::T5Config& config() const { return m_config; }
    std::int64_t heads() const { return m_config.numHeads; }
    const Placement& placement() const { return m_placement; }
    const LinearGroup& head() const { return *m_head; }
    const std::vector<EncoderBlock>& encoderBlocks() const { return m_encoder; }
    const PositionBias& encoderBias() const { return m_encoderBias; }
    const Norm& encoderNorm() const { return m_encoderNorm; }
    const std::vector<DecoderBlock>& decoderBlocks() const { return m_decoder; }
    const PositionBias& decoderBias() const { return m_decoderBias; }
    const Norm& decoderNorm() const { return m_decoderNorm; }

 private:
    PositionBias loadBias(WeightLoader& loader, t5::Stack stack) const;

    t5::T5Config m_config;
    Placement m_placement;
    std::shared_ptr<const LinearGroup> m_shared, m_head;  // one and the same if tied
    std::vector<EncoderBlock> m_encoder;
    std::vector<DecoderBlock> m_decoder;
    PositionBias m_encoderBias, m_decoderBias;
    Norm m_encoderNorm, m_decoderNorm;
};

}  // namespace rankscope::torch_backend
