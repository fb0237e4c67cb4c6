// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <map>
#include <string>

#include "core/torch/t5/t5_model.h"

namespace rankscope::torch_backend {

/// The gradients of one example's loss. Runs the model again with plain ATen operations, which
/// LibTorch can differentiate, in float32 on the model's device. Keeps a dense copy of every
/// weight, including low-rank layers: y = x Wᵀ is differentiated as one layer.
class T5Gradients {
 public:
    /// A linear layer's inputs x [rows, in] and the gradients g [rows, out] of the loss Σ -log p
    /// with respect to its outputs. The head is "lm_head", also if it is the embedding.
    struct See {
        std::function<void(const std::string& module, const at::Tensor& x, const at::Tensor& g)>
            layer;
        /// The gradients [heads, queries, keys] of an attention's scores; `query` is its q.
        std::function<void(const std::string& query, const at::Tensor& g)> scores;
    };

    /// The model must outlive it.
    explicit T5Gradients(const T5Model& model);

    /// Teacher-forced: the decoder is fed `input` and asked for `target`, both of the same length.
    /// Calls `see` once for each linear layer and each attention, in the order of the forward pass.
    void run(const backend::TokenIds& source, const backend::TokenIds& input,
             const backend::TokenIds& target, const See& see) const;

 private:
    void keepWeights(const LinearGroup& group);

    const T5Model* m_model;
    std::map<std::string, at::Tensor> m_weights;  // by module, [out, in]
};

}  // namespace rankscope::torch_backend
