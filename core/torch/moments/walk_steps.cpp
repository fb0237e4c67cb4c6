// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/walk_steps.h"

#include <fmt/format.h>

namespace rankscope::torch_backend {

namespace {

using Then = WalkStep::Then;

class StepList {
 public:
    explicit StepList(const backend::T5Dimensions& dimensions)
        : m_dimensions(dimensions), m_inner(dimensions.numHeads * dimensions.dKv) {}

    void addSelfAttention(const std::string& layer, std::size_t block) {
        const std::string name = layer + "SelfAttention.";
        add({{name + "q", name + "k", name + "v"},
             m_inner,
             m_dimensions.dModel,
             layer + "layer_norm",
             Then::SelfAttention,
             block});
        addToStream(name + "o", m_inner, block);
    }

    void addCrossAttention(const std::string& layer, std::size_t block) {
        const std::string name = layer + "EncDecAttention.";
        add({{name + "q"},
             m_inner,
             m_dimensions.dModel,
             layer + "layer_norm",
             Then::CrossAttention,
             block});
        addToStream(name + "o", m_inner, block);
    }

    void addFeedForward(const std::string& layer, std::size_t block) {
        const std::string name = layer + "DenseReluDense.";
        const auto inner = m_dimensions.gated
                               ? std::vector<std::string>{name + "wi_0", name + "wi_1"}
                               : std::vector<std::string>{name + "wi"};
        add({inner, m_dimensions.dFf, m_dimensions.dModel, layer + "layer_norm", Then::Activation,
             block});
        addToStream(name + "wo", m_dimensions.dFf, block);
    }

    void addKeysAndValues() {
        WalkStep step{{}, m_inner, m_dimensions.dModel, "encoder.final_layer_norm", Then::Decoder};
        for (std::int64_t block = 0; block < m_dimensions.decoderLayers; ++block)
            for (const char* role : {"k", "v"})
                step.modules.push_back(
                    fmt::format("decoder.block.{}.layer.1.EncDecAttention.{}", block, role));
        add(step);
    }

    void addHead() {
        add({{"lm_head"}, -1, m_dimensions.dModel, "decoder.final_layer_norm", Then::End});
    }

    std::vector<WalkStep> steps() const { return m_steps; }

 private:
    void add(WalkStep step) { m_steps.push_back(std::move(step)); }
    void addToStream(const std::string& module, std::int64_t in, std::size_t block) {
        add({{module}, m_dimensions.dModel, in, "", Then::AddToStream, block});
    }

    backend::T5Dimensions m_dimensions;
    std::int64_t m_inner;
    std::vector<WalkStep> m_steps;
};

}  // namespace

std::vector<WalkStep> walkSteps(const backend::T5Dimensions& dimensions) {
    StepList list(dimensions);
    for (std::size_t i = 0; i < static_cast<std::size_t>(dimensions.encoderLayers); ++i) {
        list.addSelfAttention(fmt::format("encoder.block.{}.layer.0.", i), i);
        list.addFeedForward(fmt::format("encoder.block.{}.layer.1.", i), i);
    }
    list.addKeysAndValues();
    for (std::size_t i = 0; i < static_cast<std::size_t>(dimensions.decoderLayers); ++i) {
        list.addSelfAttention(fmt::format("decoder.block.{}.layer.0.", i), i);
        list.addCrossAttention(fmt::format("decoder.block.{}.layer.1.", i), i);
        list.addFeedForward(fmt::format("decoder.block.{}.layer.2.", i), i);
    }
    list.addHead();
    return list.steps();
}

}  // namespace rankscope::torch_backend
