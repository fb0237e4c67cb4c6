// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/backend/refinement.h"
#include "core/t5/t5_layout.h"
#include "core/torch/kernels/ragged.h"
#include "core/torch/refine/block_network.h"
#include "core/torch/refine/block_weights.h"

namespace rankscope::torch_backend {

class Training;  // of one block

/// backend::BlockRefinement; see there for what it does. Keeps the hidden states of all dialogues,
/// for two models.
class TorchBlockRefinement final : public backend::BlockRefinement {
 public:
    TorchBlockRefinement(const backend::RefinementTask& task, const Placement& placement,
                         const Progress& progress);

    std::optional<backend::RefinedBlock> next(const Progress& progress) override;

 private:
    /// One model's hidden states for a batch.
    struct State {
        at::Tensor stream;   // [rows, dModel]: the next block's input
        at::Tensor decoder;  // [target rows, dModel], embedded, until the decoder begins
        at::Tensor encoded;  // [source rows, dModel], once the encoder has ended
    };
    struct Batch {
        Ragged sources, targets;
        State original, refined;
        std::optional<PlainAttention> self, cross;  // of the stack at work
        at::Tensor wanted;                          // [rows, dModel]: the original block's output
        at::Tensor scale;                           // [rows, 1]: 1 / mean of its squares
    };
    /// The block at work.
    struct Current {
        t5::Stack stack = t5::Stack::Encoder;
        int block = 0;
        BlockWeights weights;            // of the model to be refined
        std::vector<at::Tensor> leaves;  // of them, in a fixed order
    };

    std::vector<Batch> batchesOf(const backend::SeenDialogues& dialogues,
                                 const Progress& progress) const;
    void beginStack(t5::Stack stack);
    void endEncoder();
    void setTargets(const Current& current);
    at::Tensor output(const Current& current, const Batch& batch) const;
    at::Tensor loss(const Current& current, const Batch& batch) const;
    double heldOutLoss(const Current& current, const Progress& progress) const;
    void train(Current& current, backend::RefinedBlock& result, const Progress& progress) const;
    bool pass(Current& current, Training& training, const Progress& progress) const;
    void advance(const Current& current);
    backend::RefinedBlock refine(t5::Stack stack, int block, const Progress& progress);
    template <typename Work>
    void forAll(const Work& work);

    t5::T5Config m_originalConfig, m_config;
    const backend::WeightSource *m_originalWeights, *m_weights;
    std::set<std::string> m_modules;
    backend::RefinementOptions m_options;
    Placement m_placement;
    std::vector<Batch> m_examples, m_heldOut;
    int m_met = 0;  // blocks refined so far
};

/// backend::Backend says what it does.
std::unique_ptr<backend::BlockRefinement> openRefinement(const backend::RefinementTask& task,
                                                         const backend::Device& device,
                                                         const Progress& progress);

}  // namespace rankscope::torch_backend
