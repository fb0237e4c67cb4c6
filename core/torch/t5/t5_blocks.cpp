// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/t5_blocks.h"

#include <algorithm>

namespace rankscope::torch_backend {

using backend::T5Dimensions;

namespace {

/// Rows computed at once by the feed-forward block on the CPU: its inner values are several times
/// as wide as the stream, 200 MB for 8192 rows of a base model.
constexpr std::int64_t feedForwardRows = 1024;

Norm loadNorm(WeightLoader& loader, const std::string& prefix, const T5Dimensions& dimensions) {
    return {loader.tensor(prefix + "layer_norm.weight", {dimensions.dModel}),
            dimensions.layerNormEpsilon};
}

std::int64_t innerWidth(const T5Dimensions& dimensions) {
    return dimensions.numHeads * dimensions.dKv;
}

/// One projection from the residual stream to the heads.
LinearGroup toHeads(WeightLoader& loader, const std::string& module,
                    const T5Dimensions& dimensions) {
    return {loader, {module}, innerWidth(dimensions), dimensions.dModel};
}

std::vector<std::string> innerModules(const std::string& prefix, bool gated) {
    const std::string module = prefix + "DenseReluDense.";
    if (gated) return {module + "wi_0", module + "wi_1"};
    return {module + "wi"};
}

}  // namespace

SelfAttention::SelfAttention(WeightLoader& loader, const std::string& prefix,
                             const T5Dimensions& dimensions)
    : norm(loadNorm(loader, prefix, dimensions)),
      qkv(loader,
          {prefix + "SelfAttention.q", prefix + "SelfAttention.k", prefix + "SelfAttention.v"},
          innerWidth(dimensions), dimensions.dModel),
      output(loader, {prefix + "SelfAttention.o"}, dimensions.dModel, innerWidth(dimensions)) {}

CrossAttention::CrossAttention(WeightLoader& loader, const std::string& prefix,
                               const T5Dimensions& dimensions)
    : norm(loadNorm(loader, prefix, dimensions)),
      query(toHeads(loader, prefix + "EncDecAttention.q", dimensions)),
      key(toHeads(loader, prefix + "EncDecAttention.k", dimensions)),
      value(toHeads(loader, prefix + "EncDecAttention.v", dimensions)),
      output(loader, {prefix + "EncDecAttention.o"}, dimensions.dModel, innerWidth(dimensions)) {}

FeedForward::FeedForward(WeightLoader& loader, const std::string& prefix,
                         const T5Dimensions& dimensions)
    : norm(loadNorm(loader, prefix, dimensions)),
      inner(loader, innerModules(prefix, dimensions.gated), dimensions.dFf, dimensions.dModel),
      output(loader, {prefix + "DenseReluDense.wo"}, dimensions.dModel, dimensions.dFf),
      activation(activationNamed(dimensions.activation)) {}

void FeedForward::apply(at::Tensor& x, InputObserver* observer) const {
    const std::int64_t step = x.device().is_cpu() ? feedForwardRows : x.size(0);
    for (std::int64_t row = 0; row < x.size(0); row += step) {
        at::Tensor part = x.narrow(0, row, std::min(step, x.size(0) - row));
        const std::vector<at::Tensor> inputs = inner.all(norm(part), observer);
        at::Tensor hidden = activated(activation, inputs[0]);
        if (inputs.size() == 2) hidden.mul_(inputs[1]);
        part.add_(output(hidden, observer));
    }
}

EncoderBlock::EncoderBlock(WeightLoader& loader, const std::string& prefix,
                           const T5Dimensions& dimensions)
    : self(loader, prefix + "layer.0.", dimensions),
      feedForward(loader, prefix + "layer.1.", dimensions) {}

DecoderBlock::DecoderBlock(WeightLoader& loader, const std::string& prefix,
                           const T5Dimensions& dimensions)
    : self(loader, prefix + "layer.0.", dimensions),
      cross(loader, prefix + "layer.1.", dimensions),
      feedForward(loader, prefix + "layer.2.", dimensions) {}

}  // namespace rankscope::torch_backend
