// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/backend/moments.h"
#include "core/torch/moments/second_moment.h"
#include "core/torch/moments/t5_gradients.h"
#include "core/torch/t5/input_observer.h"
#include "core/torch/t5/t5_model.h"

namespace rankscope::torch_backend {

/// backend::MomentCollector on T5Model; see there for what each function does.
class TorchMomentCollector final : public backend::MomentCollector, private InputObserver {
 public:
    /// The model must outlive it.
    TorchMomentCollector(const T5Model& model, const backend::MomentOptions& options);

    void add(std::span<const backend::TokenIds> sources, std::span<const backend::TokenIds> targets,
             const Progress& progress) override;
    const std::map<std::string, backend::InputMoments>& inputs() const override;
    backend::MomentArithmetic arithmetic() const override;
    const std::map<std::string, backend::GradientMoments>& gradients() const override;

 private:
    void take(const std::string& name, const at::Tensor& x) override;
    void takeGradient(const std::string& module, const at::Tensor& x, const at::Tensor& g);
    void takeScoreGradient(const std::string& query, const at::Tensor& g);

    const T5Model* m_model;
    std::map<std::string, backend::InputMoments> m_inputs;
    std::map<std::string, backend::GradientMoments> m_gradients;
    // Of the two above; finished when asked for.
    mutable std::map<std::string, InputSums> m_inputSums;
    mutable std::map<std::string, GradientSums> m_gradientSums;
    std::optional<FixedPointGram> m_fixedPoint;   // if inputs are summed so
    std::optional<T5Gradients> m_differentiated;  // if gradients are wanted
};

}  // namespace rankscope::torch_backend
