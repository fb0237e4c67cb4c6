// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/t5/t5_layout.h"
#include "core/torch/kernels/row_kernels.h"
#include "core/torch/t5/head_places.h"
#include "core/torch/t5/linear.h"
#include "core/torch/t5/weight_loader.h"

namespace rankscope::torch_backend {

/// T5's norm with its weight [d].
struct Norm {
    at::Tensor weight;
    double epsilon = 1e-6;
    at::Tensor operator()(const at::Tensor& x) const { return rmsNorm(x, weight, epsilon); }
};

/// The heads of one attention, as its kernels see them: all of one width.
struct Heads {
    HeadPlaces scores, values;  ///< of queries and keys, and of values
    std::int64_t inner = 0;     ///< heads · width

    Heads(t5::Stack stack, int block, t5::Sublayer sublayer, const t5::T5Config& config,
          const at::Device& device);
};

/// Sublayers work on rows [rows, dModel] and add their output to the residual stream `x`.
/// The attention in the middle is the caller's: over a whole batch, or from a cache.
struct SelfAttention {
    Norm norm;
    LinearGroup qkv;
    LinearGroup output;
    Heads heads;

    SelfAttention(WeightLoader& loader, t5::Stack stack, int block, const t5::T5Config& config);

    /// `attention(q, k, v)` gives [rows, heads.inner], as wide as its arguments.
    template <typename Attention>
    void apply(at::Tensor& x, const Attention& attention, InputObserver* observer = nullptr) const {
        const std::vector<at::Tensor> parts = qkv.all(norm(x), observer);
        const at::Tensor mixed =
            attention(heads.scores.spread(parts[0]), heads.scores.spread(parts[1]),
                      heads.values.spread(parts[2]));
        x.add_(output(heads.values.gathered(mixed), observer));
    }
};

/// Attention of the decoder to the encoder's output; keys and values are made once per source.
struct CrossAttention {
    Norm norm;
    LinearGroup query, key, value;
    LinearGroup output;
    Heads heads;

    CrossAttention(WeightLoader& loader, int block, const t5::T5Config& config);

    /// Of the encoder's output: [source rows, heads.inner].
    at::Tensor keys(const at::Tensor& encoded) const { return heads.scores.spread(key(encoded)); }
    at::Tensor values(const at::Tensor& encoded) const {
        return heads.values.spread(value(encoded));
    }

    /// `attention(q)` gives [rows, heads.inner].
    template <typename Attention>
    void apply(at::Tensor& x, const Attention& attention, InputObserver* observer = nullptr) const {
        const at::Tensor mixed = attention(heads.scores.spread(query(norm(x), observer)));
        x.add_(output(heads.values.gathered(mixed), observer));
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
