// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/backend/refinement.h"
#include "core/t5/t5_layout.h"
#include "core/torch/t5/weight_loader.h"

namespace rankscope::torch_backend {

/// W of y = x Wᵀ as plain tensors: one matrix, or two factors.
struct PlainLayer {
    at::Tensor first;   // [out, in], or down [rank, in]
    at::Tensor second;  // up [out, rank]; undefined: none

    at::Tensor operator()(const at::Tensor& x) const;
};

/// All weights of one block.
struct BlockWeights {
    std::map<std::string, PlainLayer> layers;  // by module
    std::map<std::string, at::Tensor> norms;   // [dModel] by the tensor's name

    /// Of a block of `model`, float32.
    static BlockWeights load(const backend::ModelWeights& model, t5::Stack stack, int block,
                             const Placement& placement);
    /// The factors L R of these modules become U √S and √S Vᵀ, U S Vᵀ = L R.
    void balance(const std::set<std::string>& modules);
    /// The tensors of these modules and all norms, as leaves that want gradients.
    std::vector<at::Tensor> leaves(const std::set<std::string>& modules);
    /// Puts them into `block`.
    void store(const std::set<std::string>& modules, backend::RefinedBlock& block) const;
};

}  // namespace rankscope::torch_backend
