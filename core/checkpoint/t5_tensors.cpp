// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/t5_tensors.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace rankscope::checkpoint {

namespace {

class Lister {
 public:
    explicit Lister(const T5Config& config) : m_config(config) {}

    void addMatrix(const std::string& name, std::int64_t rows, std::int64_t columns) {
        auto matrix = matrixOfTensorName(name);
        if (!matrix) throw Error("No matrix is known by the name " + name + ".", name);
        matrix->rows = rows;
        matrix->columns = columns;
        matrix->rank = matrix->fullRank();
        m_tensors.matrices.push_back(std::move(*matrix));
    }

    void addStack(const std::string& stack, std::int64_t layers, bool decoder) {
        for (std::int64_t i = 0; i < layers; ++i) {
            const std::string layer = fmt::format("{}.block.{}.layer.", stack, i);
            addAttention(layer + "0.", "SelfAttention.");
            if (i == 0)
                m_tensors.others.push_back(
                    {layer + "0.SelfAttention.relative_attention_bias.weight",
                     {m_config.relativeAttentionNumBuckets, m_config.numHeads}});
            if (decoder) addAttention(layer + "1.", "EncDecAttention.");
            addFeedForward(layer + (decoder ? "2." : "1."));
        }
        addNorm(stack + ".final_layer_norm.weight");
    }

    T5Tensors take() { return std::move(m_tensors); }

 private:
    void addNorm(const std::string& name) { m_tensors.others.push_back({name, {m_config.dModel}}); }

    void addAttention(const std::string& layer, const std::string& module) {
        for (const char* name : {"q", "k", "v"})
            addMatrix(layer + module + name + ".weight", m_config.inner(), m_config.dModel);
        addMatrix(layer + module + "o.weight", m_config.dModel, m_config.inner());
        addNorm(layer + "layer_norm.weight");
    }

    void addFeedForward(const std::string& layer) {
        const std::string module = layer + "DenseReluDense.";
        if (m_config.isGatedAct) {
            addMatrix(module + "wi_0.weight", m_config.dFf, m_config.dModel);
            addMatrix(module + "wi_1.weight", m_config.dFf, m_config.dModel);
        } else {
            addMatrix(module + "wi.weight", m_config.dFf, m_config.dModel);
        }
        addMatrix(module + "wo.weight", m_config.dModel, m_config.dFf);
        addNorm(layer + "layer_norm.weight");
    }

    const T5Config& m_config;
    T5Tensors m_tensors;
};

}  // namespace

T5Tensors expectedTensors(const T5Config& config, std::int64_t vocabulary, bool ownHead) {
    Lister lister(config);
    lister.addMatrix("shared.weight", vocabulary, config.dModel);
    lister.addStack("encoder", config.numLayers, false);
    lister.addStack("decoder", config.numDecoderLayers, true);
    if (ownHead) lister.addMatrix("lm_head.weight", vocabulary, config.dModel);
    return lister.take();
}

}  // namespace rankscope::checkpoint
