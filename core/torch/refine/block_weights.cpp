// SPDX-License-Identifier: Apache-2.0
#include "core/torch/refine/block_weights.h"

#include <cstring>
#include <tuple>

#include "core/torch/t5/linear.h"

namespace rankscope::torch_backend {

namespace {

PlainLayer plainLayer(const LayerTensors& tensors) {
    if (tensors.dense.defined()) return {tensors.dense, {}};
    return {tensors.down, tensors.up.defined() ? tensors.up : withUp(tensors).up};
}

/// QR of both factors makes the product small enough for a direct decomposition.
PlainLayer balanced(const PlainLayer& layer) {
    const auto wide = [](const at::Tensor& a) { return a.to(at::kCPU).to(at::kDouble); };
    const auto [left, leftRest] = at::linalg_qr(wide(layer.second));
    const auto [right, rightRest] = at::linalg_qr(wide(layer.first).t());
    const auto [u, s, v] = at::linalg_svd(at::matmul(leftRest, rightRest.t()), false);
    const at::Tensor root = s.clamp_min(0).sqrt();
    const auto placed = [&](const at::Tensor& a) {
        return a.to(at::kFloat).to(layer.first.device()).contiguous();
    };
    return {placed(at::matmul(v.mul(root.unsqueeze(1)), right.t())),
            placed(at::matmul(left, u.mul(root)))};
}

backend::Tensor stored(const at::Tensor& values) {
    const at::Tensor flat = values.detach().to(at::kCPU).to(at::kFloat).contiguous();
    backend::Tensor tensor{DType::F32, {flat.sizes().begin(), flat.sizes().end()}, {}};
    tensor.bytes.resize(static_cast<std::size_t>(flat.numel()) * sizeof(float));
    std::memcpy(tensor.bytes.data(), flat.data_ptr<float>(), tensor.bytes.size());
    return tensor;
}

}  // namespace

at::Tensor PlainLayer::operator()(const at::Tensor& x) const {
    const at::Tensor y = at::matmul(x, first.t());
    return second.defined() ? at::matmul(y, second.t()) : y;
}

BlockWeights BlockWeights::load(const backend::ModelWeights& model, t5::Stack stack, int block,
                                const Placement& placement) {
    const Progress silent;
    WeightLoader loader(model.weights, placement, silent, 1);
    BlockWeights weights;
    for (const t5::Sublayer sublayer : t5::sublayersOf(stack)) {
        const std::string norm = t5::normName(stack, block, sublayer) + ".weight";
        weights.norms[norm] = loader.tensor(norm, {model.config.dModel});
        for (const t5::Role role : t5::rolesOf(sublayer, model.config)) {
            const t5::Place place{stack, block, sublayer, role};
            const Shape shape = t5::shapeOf(place, model.config);
            const std::string module = t5::moduleName(place);
            weights.layers[module] = plainLayer(loader.layer(module, shape[0], shape[1]));
        }
    }
    return weights;
}

void BlockWeights::balance(const std::set<std::string>& modules) {
    for (auto& [module, layer] : layers)
        if (modules.contains(module) && layer.second.defined()) layer = balanced(layer);
}

std::vector<at::Tensor> BlockWeights::leaves(const std::set<std::string>& modules) {
    std::vector<at::Tensor> all;
    const auto add = [&](at::Tensor& tensor) {
        tensor = tensor.detach().clone().requires_grad_();
        all.push_back(tensor);
    };
    for (auto& [module, layer] : layers) {
        if (!modules.contains(module)) continue;
        add(layer.first);
        if (layer.second.defined()) add(layer.second);
    }
    for (auto& [name, norm] : norms) add(norm);
    return all;
}

void BlockWeights::store(const std::set<std::string>& modules, backend::RefinedBlock& block) const {
    for (const auto& [module, layer] : layers) {
        if (!modules.contains(module)) continue;
        backend::LayerWeights& made = block.matrices[module];
        if (layer.second.defined()) {
            made.down = stored(layer.first);
            made.up = stored(layer.second);
        } else {
            made.dense = stored(layer.first);
        }
    }
    for (const auto& [name, norm] : norms) block.norms[name] = stored(norm);
}

}  // namespace rankscope::torch_backend
