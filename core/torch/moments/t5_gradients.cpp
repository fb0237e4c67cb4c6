// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/t5_gradients.h"

#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

namespace rankscope::torch_backend {

using backend::TokenIds;

namespace {

const std::string headName = "lm_head";

/// The forward pass of one example; remembers every linear layer's input and output.
class Pass {
 public:
    Pass(const T5Model& model, const std::map<std::string, at::Tensor>& weights)
        : m_model(&model), m_weights(&weights) {}

    at::Tensor loss(const TokenIds& source, const TokenIds& input, const TokenIds& target);
    void differentiate(const at::Tensor& loss, const T5Gradients::See& see) const;

 private:
    at::Tensor embed(const TokenIds& ids) const;
    at::Tensor encode(const TokenIds& source);
    at::Tensor decode(const TokenIds& input, const at::Tensor& encoded);
    at::Tensor linear(const std::string& module, const at::Tensor& x);
    std::vector<at::Tensor> linear(const LinearGroup& group, const at::Tensor& x);
    at::Tensor feedForward(const FeedForward& layer, const at::Tensor& x);
    at::Tensor selfAttention(const SelfAttention& layer, const at::Tensor& x,
                             const at::Tensor& added);
    at::Tensor attend(const std::string& query, const std::vector<at::Tensor>& qkv,
                      const at::Tensor& added);
    at::Tensor ids(const TokenIds& tokens) const;

    struct Layer {
        std::string module;
        at::Tensor x, y;
    };
    const T5Model* m_model;
    const std::map<std::string, at::Tensor>* m_weights;
    std::vector<Layer> m_layers;
    std::vector<std::pair<std::string, at::Tensor>> m_scores;  // by the module of the queries
};

/// T5's norm without our own kernel.
at::Tensor normed(const Norm& norm, const at::Tensor& x) {
    const at::Tensor factor = x.square().mean(-1, /*keepdim=*/true).add(norm.epsilon).rsqrt();
    return x.mul(factor).mul(norm.weight.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true));
}

/// [heads, length, length]: added to the scores of self attention.
at::Tensor addedScores(const PositionBias& bias, std::int64_t length, bool causal) {
    const at::Tensor scores = PositionBias::square(bias.byDistance(length), length).to(at::kFloat);
    if (!causal) return scores;
    const at::Tensor future = at::ones({length, length}, scores.options().dtype(at::kBool)).triu(1);
    return scores.masked_fill(future, -std::numeric_limits<float>::infinity());
}

at::Tensor Pass::ids(const TokenIds& tokens) const {
    return joinedIds(std::span(&tokens, 1), m_model->placement().device);
}

/// All gradients begin here: only operations on a tensor that wants one are recorded.
at::Tensor Pass::embed(const TokenIds& tokens) const {
    return m_model->embed(ids(tokens)).to(at::kFloat).requires_grad_();
}

at::Tensor Pass::linear(const std::string& module, const at::Tensor& x) {
    const at::Tensor y = at::matmul(x, m_weights->at(module).t());
    m_layers.push_back({module, x.detach(), y});
    return y;
}

std::vector<at::Tensor> Pass::linear(const LinearGroup& group, const at::Tensor& x) {
    std::vector<at::Tensor> outputs;
    for (const std::string& module : group.modules()) outputs.push_back(linear(module, x));
    return outputs;
}

/// q [queries, heads · width], k and v [keys, heads · width] give [queries, heads · width].
at::Tensor Pass::attend(const std::string& query, const std::vector<at::Tensor>& qkv,
                        const at::Tensor& added) {
    const at::Tensor &q = qkv[0], &k = qkv[1], &v = qkv[2];
    const auto byHead = [&](const at::Tensor& rows) {
        return rows.view({rows.size(0), m_model->heads(), -1}).transpose(0, 1);
    };
    at::Tensor scores = at::matmul(byHead(q), byHead(k).transpose(1, 2));
    m_scores.emplace_back(query, scores);
    if (added.defined()) scores = scores.add(added);
    return at::matmul(at::softmax(scores, -1), byHead(v)).transpose(0, 1).reshape(q.sizes());
}

at::Tensor Pass::selfAttention(const SelfAttention& layer, const at::Tensor& x,
                               const at::Tensor& added) {
    const std::vector<at::Tensor> parts = linear(layer.qkv, normed(layer.norm, x));
    const Heads& heads = layer.heads;
    const at::Tensor mixed = attend(layer.qkv.modules().front(),
                                    {heads.scores.spread(parts[0]), heads.scores.spread(parts[1]),
                                     heads.values.spread(parts[2])},
                                    added);
    return x.add(linear(layer.output, heads.values.gathered(mixed)).front());
}

at::Tensor Pass::feedForward(const FeedForward& layer, const at::Tensor& x) {
    const std::vector<at::Tensor> inner = linear(layer.inner, normed(layer.norm, x));
    at::Tensor hidden = activated(layer.activation, inner[0]);
    if (inner.size() == 2) hidden = hidden.mul(inner[1]);
    return x.add(linear(layer.output, hidden).front());
}

at::Tensor Pass::encode(const TokenIds& source) {
    at::Tensor x = embed(source);
    const at::Tensor added = addedScores(m_model->encoderBias(), x.size(0), /*causal=*/false);
    for (const EncoderBlock& block : m_model->encoderBlocks())
        x = feedForward(block.feedForward, selfAttention(block.self, x, added));
    return normed(m_model->encoderNorm(), x);
}

at::Tensor Pass::decode(const TokenIds& input, const at::Tensor& encoded) {
    at::Tensor x = embed(input);
    const at::Tensor added = addedScores(m_model->decoderBias(), x.size(0), /*causal=*/true);
    for (const DecoderBlock& block : m_model->decoderBlocks()) {
        x = selfAttention(block.self, x, added);
        const CrossAttention& cross = block.cross;
        const Heads& heads = cross.heads;
        const at::Tensor mixed =
            attend(cross.query.modules().front(),
                   {heads.scores.spread(linear(cross.query, normed(cross.norm, x)).front()),
                    heads.scores.spread(linear(cross.key, encoded).front()),
                    heads.values.spread(linear(cross.value, encoded).front())},
                   {});
        x = x.add(linear(cross.output, heads.values.gathered(mixed)).front());
        x = feedForward(block.feedForward, x);
    }
    return normed(m_model->decoderNorm(), x);
}

at::Tensor Pass::loss(const TokenIds& source, const TokenIds& input, const TokenIds& target) {
    const at::Tensor decoded = decode(input, encode(source));
    const at::Tensor logits = linear(headName, m_model->headInput(decoded));
    return at::log_softmax(logits, -1).gather(1, ids(target).unsqueeze(1)).sum().neg();
}

void Pass::differentiate(const at::Tensor& loss, const T5Gradients::See& see) const {
    std::vector<at::Tensor> outputs;
    for (const Layer& layer : m_layers) outputs.push_back(layer.y);
    for (const auto& [query, scores] : m_scores) outputs.push_back(scores);
    const std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, outputs);
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        see.layer(m_layers[i].module, m_layers[i].x, gradients[i]);
    for (std::size_t i = 0; i < m_scores.size(); ++i)
        see.scores(m_scores[i].first, gradients[m_layers.size() + i]);
}

}  // namespace

T5Gradients::T5Gradients(const T5Model& model) : m_model(&model) {
    const c10::InferenceMode off(false);  // autograd refuses tensors made without it
    for (const EncoderBlock& block : model.encoderBlocks())
        for (const LinearGroup* group : {&block.self.qkv, &block.self.output,
                                         &block.feedForward.inner, &block.feedForward.output})
            keepWeights(*group);
    for (const DecoderBlock& block : model.decoderBlocks())
        for (const LinearGroup* group : {&block.self.qkv, &block.self.output, &block.cross.query,
                                         &block.cross.key, &block.cross.value, &block.cross.output,
                                         &block.feedForward.inner, &block.feedForward.output})
            keepWeights(*group);
    keepWeights(model.head());
    // A tied head is called "shared".
    auto head = m_weights.extract(model.head().modules().front());
    head.key() = headName;
    m_weights.insert(std::move(head));
}

void T5Gradients::keepWeights(const LinearGroup& group) {
    for (std::size_t i = 0; i < group.size(); ++i) {
        const at::Tensor all = at::arange(
            group.out(i), at::TensorOptions(m_model->placement().device).dtype(at::kLong));
        m_weights[group.modules()[i]] = group.weightRows(all, i).to(at::kFloat);
    }
}

void T5Gradients::run(const TokenIds& source, const TokenIds& input, const TokenIds& target,
                      const See& see) const {
    const c10::InferenceMode off(false);  // records the operations to differentiate
    Pass pass(*m_model, m_weights);
    pass.differentiate(pass.loss(source, input, target), see);
}

}  // namespace rankscope::torch_backend
