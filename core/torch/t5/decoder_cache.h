// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/torch/kernels/ragged.h"
#include "core/torch/t5/position_bias.h"
#include "core/torch/t5/weight_loader.h"

namespace rankscope::torch_backend {

/// The properties of the decoder that a cache depends on.
struct CacheShape {
    Placement placement;
    std::int64_t heads = 0;
    std::vector<std::int64_t> inner;  ///< per layer: heads · width of one in self attention
    std::int64_t beams = 1;           ///< rows per source
    std::int64_t maxSteps = 0;
    Ragged sources;  ///< rows of the encoder's output
};

/// Keys and values of a decoder that runs token by token, and the attention to them. Those of cross
/// attention are kept once per source, whatever the number of beams.
class DecoderCache {
 public:
    virtual ~DecoderCache();

    /// Keys and values of the encoder's output for the next layer: [source rows, heads · width].
    virtual void addCross(const at::Tensor& k, const at::Tensor& v) = 0;

    /// Self attention of one token per row, whose keys and values join the cache. All are
    /// [rows, inner of the layer].
    virtual at::Tensor self(std::size_t layer, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v) = 0;
    /// Cross attention of one token per row, as wide as the layer's keys. [rows, heads · width].
    virtual at::Tensor cross(std::size_t layer, const at::Tensor& q) = 0;
    /// After the last layer: the next token's turn.
    virtual void advance() = 0;

    /// As DecoderSteps says.
    virtual void reorder(const at::Tensor& parents) = 0;
    virtual void keepSources(const std::vector<std::int64_t>& sources) = 0;
};

/// Float32 on the CPU: nothing is ever moved. A row remembers in which row's place each of its
/// ancestors' keys are, so that reordering moves only row numbers.
std::unique_ptr<DecoderCache> makeCpuCache(const CacheShape& shape, const PositionBias& bias);

/// Any device and type, by ATen.
std::unique_ptr<DecoderCache> makeAtenCache(const CacheShape& shape, const PositionBias& bias);

}  // namespace rankscope::torch_backend
