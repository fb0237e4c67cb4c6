// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/t5_blocks.h"

#include <algorithm>

namespace rankscope::torch_backend {

using t5::Role;
using t5::Stack;
using t5::Sublayer;
using t5::T5Config;

namespace {

/// Rows computed at once by the feed-forward block on the CPU: its inner values are several times
/// as wide as the stream, 200 MB for 8192 rows of a base model.
constexpr std::int64_t feedForwardRows = 1024;

Norm loadNorm(WeightLoader& loader, const std::string& name, const T5Config& config) {
    return {loader.tensor(name + ".weight", {config.dModel}), config.layerNormEpsilon};
}

/// The layers of a sublayer that have one input.
LinearGroup loadGroup(WeightLoader& loader, const t5::Place& sublayer,
                      const std::vector<Role>& roles, const T5Config& config) {
    std::vector<std::string> modules;
    std::vector<std::int64_t> out;
    std::int64_t in = 0;
    for (const Role role : roles) {
        const t5::Place place{sublayer.stack, sublayer.block, sublayer.sublayer, role};
        const Shape shape = t5::shapeOf(place, config);
        modules.push_back(t5::moduleName(place));
        out.push_back(shape[0]);
        in = shape[1];
    }
    return {loader, modules, out, in};
}

std::vector<Role> innerRoles(const T5Config& config) {
    std::vector<Role> roles = t5::rolesOf(Sublayer::FeedForward, config);
    roles.pop_back();  // wo
    return roles;
}

}  // namespace

Heads::Heads(Stack stack, int block, Sublayer sublayer, const T5Config& config,
             const at::Device& device) {
    const t5::SublayerSizes sizes = t5::sizesOf(stack, block, sublayer, config);
    const std::int64_t width =
        std::max(std::ranges::max(sizes.scores), std::ranges::max(sizes.values));
    inner = width * config.numHeads;
    scores = {sizes.scores, width, device};
    values = {sizes.values, width, device};
}

SelfAttention::SelfAttention(WeightLoader& loader, Stack stack, int block, const T5Config& config)
    : norm(loadNorm(loader, t5::normName(stack, block, Sublayer::SelfAttention), config)),
      qkv(loadGroup(loader, {stack, block, Sublayer::SelfAttention}, {Role::Q, Role::K, Role::V},
                    config)),
      output(loadGroup(loader, {stack, block, Sublayer::SelfAttention}, {Role::O}, config)),
      heads(stack, block, Sublayer::SelfAttention, config, loader.placement().device) {}

CrossAttention::CrossAttention(WeightLoader& loader, int block, const T5Config& config)
    : norm(loadNorm(loader, t5::normName(Stack::Decoder, block, Sublayer::CrossAttention), config)),
      query(
          loadGroup(loader, {Stack::Decoder, block, Sublayer::CrossAttention}, {Role::Q}, config)),
      key(loadGroup(loader, {Stack::Decoder, block, Sublayer::CrossAttention}, {Role::K}, config)),
      value(
          loadGroup(loader, {Stack::Decoder, block, Sublayer::CrossAttention}, {Role::V}, config)),
      output(
          loadGroup(loader, {Stack::Decoder, block, Sublayer::CrossAttention}, {Role::O}, config)),
      heads(Stack::Decoder, block, Sublayer::CrossAttention, config, loader.placement().device) {}

FeedForward::FeedForward(WeightLoader& loader, Stack stack, int block, const T5Config& config)
    : norm(loadNorm(loader, t5::normName(stack, block, Sublayer::FeedForward), config)),
      inner(loadGroup(loader, {stack, block, Sublayer::FeedForward}, innerRoles(config), config)),
      output(loadGroup(loader, {stack, block, Sublayer::FeedForward}, {Role::Wo}, config)),
      activation(activationNamed(config.denseActFn)) {}

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

EncoderBlock::EncoderBlock(WeightLoader& loader, int block, const T5Config& config)
    : self(loader, Stack::Encoder, block, config),
      feedForward(loader, Stack::Encoder, block, config) {}

DecoderBlock::DecoderBlock(WeightLoader& loader, int block, const T5Config& config)
    : self(loader, Stack::Decoder, block, config),
      cross(loader, block, config),
      feedForward(loader, Stack::Decoder, block, config) {}

}  // namespace rankscope::torch_backend
