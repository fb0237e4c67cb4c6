// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/t5/t5_layout.h"
#include "core/torch/kernels/row_kernels.h"
#include "core/torch/t5/linear.h"
#include "core/torch/t5/weight_loader.h"

namespace rankscope::torch_backend {

/// T5's norm with its weight [d].
struct Norm {
    at::Tensor weight;
    double epsilon = 1e-6;
    at::Tensor operator()(const at::Tensor& x) const { return rmsNorm(x, weight, epsilon); }
};

/// Sublayers work on rows [rows, dModel] and add their output to the residual stream `x`.
/// The attention in the middle is the caller's: over a whole batch, or from a cache.
struct SelfAttention {
    Norm norm;
    LinearGroup qkv;
    LinearGroup output;

    SelfAttention(WeightLoader& loader, t5::Stack stack, int block, const t5::T5Config& config);

    /// `attention(q, k, v)` gives [rows, inner].
    template <typename Attention>
    void apply(at::Tensor& x, const Attention& attention, InputObserver* observer = nullptr) const {
        const std::vector<at::Tensor> parts = qkv.all(norm(x), observer);
        x.add_(output(attention(parts[0], parts[1], parts[2]), observer));
    }
};

/// Attention of the decoder to the encoder's output; keys and values are made once per source.
struct CrossAttention {
    Norm norm;
    LinearGroup query, key, value;
    LinearGroup output;

    CrossAttention(WeightLoader& loader, int block, const t5::T5Config& config);

    /// `attention(q)` gives [rows, inner].
    template <typename Attention>
    void apply(at::Tensor& x, const Attention& attention, InputObserver* observer = nullptr) const {
        x.add_(output(attention(query(norm(x), observer)), observer));
    }
};

/// act(wi x), or act(wi_0 x) · (wi_1 x), then wo.
struct FeedForward {
    Norm norm;
    LinearGroup inner;
    LinearGroup output;
    Activation activation = Activation::Relu;

    FeedForward(WeightLoader& loader, t5::Stack stack, int block, const t5::T5Config& config);

    void apply(at::Tensor& x, InputObserver* observer = nullptr) const;
};

struct EncoderBlock {
    SelfAttention self;
    FeedForward feedForward;
    EncoderBlock(WeightLoader& loader, int block, const t5::T5Config& config);
};

struct DecoderBlock {
    SelfAttention self;
    CrossAttention cross;
    FeedForward feedForward;
    DecoderBlock(WeightLoader& loader, int block, const t5::T5Config& config);
};

}  // namespace rankscope::torch_backend
