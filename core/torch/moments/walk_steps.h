// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/backend/seq2seq.h"

namespace rankscope::torch_backend {

/// Linear layers with the same input, and what the model does with their outputs.
struct WalkStep {
    enum class Then {
        SelfAttention,   ///< of q, k, v: it is the next step's input
        CrossAttention,  ///< of q with the block's keys and values: the same
        Activation,      ///< act(wi x), or act(wi_0 x) · (wi_1 x): the same
        AddToStream,
        Decoder,  ///< keys and values of all blocks: the decoder begins
        End,      ///< the head
    };

    std::vector<std::string> modules;
    std::int64_t out = 0, in = 0;  // of each of them; out may be -1: any
    /// The norm of the residual stream that gives the input, e.g.
    /// "encoder.block.0.layer.0.layer_norm"; empty: the input is the result of the step before.
    std::string norm;
    Then then = Then::End;
    std::size_t block = 0;
};

/// All steps of a T5 in the order of the forward pass; the keys and values of cross attention,
/// which take the encoder's output, are one step between encoder and decoder.
std::vector<WalkStep> walkSteps(const backend::T5Dimensions& dimensions);

}  // namespace rankscope::torch_backend
