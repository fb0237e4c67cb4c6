// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/moment_collector.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/torch/linear_algebra/torch_errors.h"
#include "core/torch/moments/teacher_forcing.h"

namespace rankscope::torch_backend {

using backend::MomentArithmetic;
using backend::TokenIds;

namespace {

/// The Error for a non-finite input or gradient (`what`) of a module.
Error notFinite(const char* what, const std::string& module) {
    return Error(fmt::format("The {} of {} holds values that are infinite or NaN; the "
                             "checkpoint is damaged, or its activations overflow in the type "
                             "computed in.",
                             what, module),
                 module);
}

}  // namespace

TorchMomentCollector::TorchMomentCollector(const T5Model& model,
                                           const backend::MomentOptions& options)
    : m_model(&model) {
    const bool wanted = options.arithmetic ? *options.arithmetic == MomentArithmetic::FixedPoint
                                           : FixedPointGram::fast();
    if (wanted && model.placement().cpuFloat()) m_fixedPoint.emplace();
    if (options.gradients) onAllCores("The gradients", [&] { m_differentiated.emplace(model); });
}

void TorchMomentCollector::add(std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                               const Progress& progress) {
    checkPairs(sources, targets, m_model->vocabulary());
    if (sources.empty()) return;
    const std::vector<TokenIds> inputs =
        teacherForced(targets, m_model->config().decoderStartTokenId);
    onAllCores("The moments", [&] {
        const at::Tensor encoded = m_model->encode(sources, progress, nullptr, this);
        m_model->decode(inputs, encoded, Ragged(sources), progress, nullptr, this);
        for (std::size_t i = 0; m_differentiated && i < sources.size(); ++i) {
            throwIfStopped(progress);
            m_differentiated->run(
                sources[i], inputs[i], targets[i],
                {.layer = [&](const std::string& module, const at::Tensor& x,
                              const at::Tensor& g) { takeGradient(module, x, g); },
                 .scores = [&](const std::string& query,
                               const at::Tensor& g) { takeScoreGradient(query, g); }});
        }
    });
}

void TorchMomentCollector::take(const std::string& name, const at::Tensor& x) {
    auto found = m_inputSums.find(name);
    if (found == m_inputSums.end())
        found = m_inputSums.try_emplace(name, m_inputs[name], x.size(1), x.device()).first;
    if (!found->second.add(x, m_fixedPoint ? &*m_fixedPoint : nullptr))
        throw notFinite("input", name);
}

void TorchMomentCollector::takeGradient(const std::string& module, const at::Tensor& x,
                                        const at::Tensor& g) {
    auto found = m_gradientSums.find(module);
    if (found == m_gradientSums.end())
        found = m_gradientSums
                    .try_emplace(module, m_gradients[module], g.size(1), x.size(1), x.device(),
                                 /*second=*/module != "lm_head")
                    .first;
    if (!found->second.add(x, g)) throw notFinite("gradient", module);
}

void TorchMomentCollector::takeScoreGradient(const std::string& query, const at::Tensor& g) {
    std::vector<double>& sums = m_gradients[query].scores;
    const at::Tensor squares = g.to(at::kDouble).square().sum({1, 2}).to(at::kCPU);
    sums.resize(static_cast<std::size_t>(squares.size(0)), 0.0);
    for (std::size_t head = 0; head < sums.size(); ++head)
        sums[head] += squares.data_ptr<double>()[head];
}

const std::map<std::string, backend::InputMoments>& TorchMomentCollector::inputs() const {
    onAllCores("The moments", [&] {
        for (auto& [name, sums] : m_inputSums) sums.finish();
    });
    return m_inputs;
}

MomentArithmetic TorchMomentCollector::arithmetic() const {
    return m_fixedPoint ? MomentArithmetic::FixedPoint : MomentArithmetic::Float64;
}

const std::map<std::string, backend::GradientMoments>& TorchMomentCollector::gradients() const {
    onAllCores("The moments", [&] {
        for (auto& [module, sums] : m_gradientSums) sums.finish();
    });
    return m_gradients;
}

}  // namespace rankscope::torch_backend
