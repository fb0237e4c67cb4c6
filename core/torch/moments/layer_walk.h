// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/backend/moments.h"
#include "core/t5/t5_layout.h"
#include "core/torch/kernels/ragged.h"
#include "core/torch/moments/token_weights.h"
#include "core/torch/t5/attention_pass.h"
#include "core/torch/t5/linear.h"

namespace rankscope::torch_backend {

/// backend::LayerWalk; see there for what each function does. Spells the network out a second time,
/// as walkSteps(), beside T5Model. Weights are read when the walk reaches them and dropped when it
/// has passed, except the keys and values of cross attention. Keeps the hidden states of all
/// sequences, for two models.
class TorchLayerWalk final : public backend::LayerWalk {
 public:
    /// `source` must outlive it.
    TorchLayerWalk(const t5::T5Config& config, const backend::WeightSource& source,
                   const Placement& placement, const backend::WalkExamples& examples,
                   const Progress& progress);

    std::optional<backend::WalkedGroup> next(const Progress& progress) override;
    void replace(const std::string& module, const backend::LayerWeights& weights) override;

 private:
    /// Sequences that are processed together.
    struct Batch {
        Ragged sources, targets;
        at::Tensor sourceRoots, targetRoots;     // of the tokens' weights
        at::Tensor decoderStream;                // [target rows, dModel], embedded
        std::vector<AttentionPass> self, cross;  // one of each, of the stack being walked
    };
    /// One model's hidden states for a batch.
    struct State {
        at::Tensor stream;   // [rows, dModel]
        at::Tensor input;    // [rows, in] of the step
        at::Tensor encoded;  // [source rows, dModel], once the encoder has ended
    };
    struct Model {
        std::vector<State> states;               // by batch
        std::vector<LinearGroup> keysAndValues;  // by block of the decoder
    };

    void addBatch(const LinearGroup& embedding, std::span<const backend::TokenIds> sources,
                  std::span<const backend::TokenIds> targets);
    void beginStack(bool decoder);
    void enter(const t5::LayerGroup& step);
    backend::WalkedGroup moments(const t5::LayerGroup& step, const Progress& progress) const;
    void pass(const t5::LayerGroup& step, const Progress& progress);
    void apply(const t5::LayerGroup& step, const LinearGroup& group, const Model& model,
               const Batch& batch, State& state) const;
    void beginDecoder(const t5::LayerGroup& step);
    LinearGroup groupOf(const t5::LayerGroup& step, std::size_t first, std::size_t count,
                        bool compressed) const;

    t5::T5Config m_config;
    const backend::WeightSource* m_source;
    Progress m_silent;  // of the reading of single layers
    Placement m_placement;
    TokenWeights m_sourceWeights, m_targetWeights;
    std::vector<Batch> m_batches;
    Model m_original, m_compressed;
    std::vector<t5::LayerGroup> m_steps;
    bool m_inDecoder = false;                        // what the next step's rows are
    std::size_t m_met = 0;                           // steps given so far
    std::map<std::string, LayerTensors> m_replaced;  // of the step given last
};

/// backend::Backend says what it does.
std::unique_ptr<backend::LayerWalk> openLayerWalk(const t5::T5Config& config,
                                                  const backend::WeightSource& source,
                                                  const backend::Seq2SeqOptions& options,
                                                  const backend::WalkExamples& examples,
                                                  const Progress& progress);

}  // namespace rankscope::torch_backend
