// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/torch/kernels/column_merge.h"
#include "core/torch/kernels/packed_product.h"
#include "core/torch/t5/input_observer.h"
#include "core/torch/t5/weight_loader.h"

namespace rankscope::torch_backend {

/// W of y = x Wᵀ, stored packed (float32 on the CPU) or as a tensor: in one form only.
class WeightProduct {
 public:
    WeightProduct() = default;
    /// Weights [out_i, in] with the same input, as one product: outputs are in their order.
    WeightProduct(const std::vector<at::Tensor>& weights, const Placement& placement);

    /// x [rows, in], values of a row adjacent; gives [rows, out].
    at::Tensor operator()(const at::Tensor& x) const;
    /// Rows of W: [ids, in]. ids: int64 on the device.
    at::Tensor rows(const at::Tensor& ids) const;

    std::int64_t in() const { return m_in; }
    std::int64_t out() const { return m_out; }

 private:
    std::int64_t m_in = 0, m_out = 0;
    std::unique_ptr<PackedWeight> m_packed;
    at::Tensor m_weight;  // [out, in] if not packed
};

/// The same layer with one second factor, up = [1; mix] in the order of the outputs.
LayerTensors withUp(const LayerTensors& pivoted);

/// Layers y_i = x W_iᵀ with the same input x. Dense matrices and the first factors of the others
/// run as one product; second factors follow one by one. No W_i is rebuilt from its factors.
class LinearGroup {
 public:
    LinearGroup() = default;
    LinearGroup(const std::vector<LayerTensors>& layers, const Placement& placement);
    /// `out` of each module; -1: any.
    LinearGroup(WeightLoader& loader, const std::vector<std::string>& modules,
                const std::vector<std::int64_t>& out, std::int64_t in);

    /// x [rows, in] gives [rows, out_i] for each layer; values of a row are adjacent, rows may be
    /// further apart than out_i. `observer`, if given, sees x.
    std::vector<at::Tensor> all(const at::Tensor& x, InputObserver* observer = nullptr) const;
    /// For a group of one layer.
    at::Tensor operator()(const at::Tensor& x, InputObserver* observer = nullptr) const {
        return all(x, observer).front();
    }

    /// Rows of a layer's W, [ids, in]. ids: int64 on the device.
    at::Tensor weightRows(const at::Tensor& ids, std::size_t layer = 0) const;

    std::size_t size() const { return m_layers.size(); }
    std::int64_t out(std::size_t layer) const { return m_layers[layer].out; }
    /// The layers' names; none if they were not loaded by name.
    const std::vector<std::string>& modules() const { return m_modules; }

 private:
    struct Layer {
        std::int64_t offset = 0;  // of its columns in the first product
        std::int64_t width = 0;   // of them: out, or the rank
        std::int64_t out = 0;
        std::unique_ptr<WeightProduct> second;  // up or mix; none for dense
        bool pivoted = false;  // float32 on the CPU only, elsewhere made a factored one
        ColumnMerge merge;     // pivoted: of z and z mixᵀ
        at::Tensor inverse;    // pivoted: the place of an output in [z, z mixᵀ]
    };
    static LayerTensors inOrder(const LayerTensors& pivoted);
    static at::Tensor placed(const Layer& layer, const at::Tensor& z);

    WeightProduct m_first;
    std::vector<Layer> m_layers;
    std::vector<std::string> m_modules;
};

}  // namespace rankscope::torch_backend
