// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moment_collector.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/torch/model_guard.h"
#include "core/torch/teacher_forcing.h"

namespace rankscope::torch_backend {

using backend::TokenIds;

TorchMomentCollector::TorchMomentCollector(const T5Model& model, bool gradients) : m_model(&model) {
    if (gradients) throw Error("Gradients are not collected yet.");
}

void TorchMomentCollector::add(std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                               const Progress& progress) {
    checkPairs(sources, targets, m_model->vocabulary());
    if (sources.empty()) return;
    onModel("The moments", [&] {
        const at::Tensor encoded = m_model->encode(sources, progress, nullptr, this);
        m_model->decode(teacherForced(targets, m_model->dimensions().startToken), encoded,
                        Ragged(sources), progress, nullptr, this);
    });
}

void TorchMomentCollector::take(const std::string& name, const at::Tensor& x) {
    auto found = m_sums.find(name);
    if (found == m_sums.end())
        found = m_sums.try_emplace(name, m_inputs[name], x.size(1), x.device()).first;
    if (!found->second.add(x))
        throw Error(fmt::format("The input of {} holds values that are infinite or no numbers; "
                                "the checkpoint is damaged, or its activations overflow in the "
                                "type computed in.",
                                name),
                    name);
}

const std::map<std::string, backend::InputMoments>& TorchMomentCollector::inputs() const {
    onModel("The moments", [&] {
        for (auto& [name, sum] : m_sums) sum.finish();
    });
    return m_inputs;
}

const std::map<std::string, backend::GradientMoments>& TorchMomentCollector::gradients() const {
    return m_gradients;
}

}  // namespace rankscope::torch_backend
