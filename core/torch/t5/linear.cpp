// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/linear.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

namespace rankscope::torch_backend {

namespace {

/// Below so many columns starting another thread costs more than it saves.
constexpr std::int64_t mergedAtOnce = std::int64_t{1} << 14;

}  // namespace

WeightProduct::WeightProduct(const std::vector<at::Tensor>& weights, const Placement& placement)
    : m_in(weights.front().size(1)) {
    for (const at::Tensor& weight : weights) m_out += weight.size(0);
    if (!placement.packed()) {
        m_weight = weights.size() == 1 ? weights.front() : at::cat(weights, 0);
        return;
    }
    std::vector<PackedWeight::Rows> blocks;
    for (const at::Tensor& weight : weights)
        blocks.push_back({weight.data_ptr<float>(), weight.size(0)});
    m_packed = std::make_unique<PackedWeight>(blocks, m_in);
}

at::Tensor WeightProduct::operator()(const at::Tensor& x) const {
    if (!m_packed) return at::linear(x, m_weight);
    at::Tensor y = at::empty({x.size(0), m_out}, x.options());
    m_packed->multiply(x.data_ptr<float>(), x.size(0), x.stride(0), y.data_ptr<float>(),
                       y.stride(0));
    return y;
}

at::Tensor WeightProduct::rows(const at::Tensor& ids) const {
    if (!m_packed) return at::index_select(m_weight, 0, ids);
    at::Tensor values = at::empty({ids.size(0), m_in}, at::kFloat);
    for (std::int64_t i = 0; i < ids.size(0); ++i)
        m_packed->copyRow(ids.data_ptr<std::int64_t>()[i], values.data_ptr<float>() + i * m_in);
    return values;
}

LinearGroup::LinearGroup(const std::vector<LayerTensors>& layers, const Placement& placement) {
    std::vector<at::Tensor> first;
    std::int64_t offset = 0;
    for (const LayerTensors& given : layers) {
        const LayerTensors tensors = given.rows.empty()     ? given
                                     : placement.cpuFloat() ? inOrder(given)
                                                            : withUp(given);
        first.push_back(tensors.dense.defined() ? tensors.dense : tensors.down);
        Layer layer;
        layer.offset = offset;
        layer.width = first.back().size(0);
        layer.out = tensors.out();
        offset += layer.width;
        if (tensors.up.defined())
            layer.second =
                std::make_unique<WeightProduct>(std::vector<at::Tensor>{tensors.up}, placement);
        if (tensors.mix.defined() && tensors.mix.size(0) > 0)
            layer.second =
                std::make_unique<WeightProduct>(std::vector<at::Tensor>{tensors.mix}, placement);
        if (!tensors.rows.empty()) {
            layer.pivoted = true;
            layer.merge =
                ColumnMerge({tensors.rows.begin(), tensors.rows.begin() + layer.width}, layer.out);
            layer.inverse = at::argsort(at::tensor(tensors.rows, at::kLong));
        }
        m_layers.push_back(std::move(layer));
    }
    m_first = WeightProduct(first, placement);
}

LinearGroup::LinearGroup(WeightLoader& loader, const std::vector<std::string>& modules,
                         const std::vector<std::int64_t>& out, std::int64_t in) {
    std::vector<LayerTensors> layers;
    for (std::size_t i = 0; i < modules.size(); ++i)
        layers.push_back(loader.layer(modules[i], out[i], in));
    *this = LinearGroup(layers, loader.placement());
    m_modules = modules;
}

std::vector<at::Tensor> LinearGroup::all(const at::Tensor& x, InputObserver* observer) const {
    if (observer != nullptr) observer->take(m_modules.front(), x);
    const at::Tensor z = m_first(x);
    std::vector<at::Tensor> outputs;
    outputs.reserve(m_layers.size());
    for (const Layer& layer : m_layers) {
        const at::Tensor part = m_layers.size() == 1 ? z : z.narrow(1, layer.offset, layer.width);
        if (layer.pivoted)
            outputs.push_back(placed(layer, part));
        else
            outputs.push_back(layer.second ? (*layer.second)(part) : part);
    }
    return outputs;
}

at::Tensor LinearGroup::weightRows(const at::Tensor& ids, std::size_t index) const {
    const Layer& layer = m_layers[index];
    if (!layer.pivoted && !layer.second)
        return m_first.rows(layer.offset == 0 ? ids : ids.add(layer.offset));
    const at::Tensor down =
        m_first.rows(at::arange(layer.offset, layer.offset + layer.width,
                                at::TensorOptions(ids.device()).dtype(at::kLong)));
    if (!layer.pivoted) return at::matmul(layer.second->rows(ids), down);
    // Row i of [1; mix] times down, 1 being the identity: one kept row, or a mix of all of them.
    const at::Tensor places = layer.inverse.index_select(0, ids);
    const at::Tensor kept =
        at::eye(layer.width, down.options()).index_select(0, places.clamp_max(layer.width - 1));
    if (!layer.second) return at::matmul(kept, down);
    const at::Tensor mixed = layer.second->rows(places.sub(layer.width).clamp_min(0));
    return at::matmul(at::where(places.lt(layer.width).unsqueeze(1), kept, mixed), down);
}

/// The same layer with its kept rows, and the others, in ascending order: columns then only have to
/// be merged.
LayerTensors LinearGroup::inOrder(const LayerTensors& pivoted) {
    const std::int64_t rank = pivoted.down.size(0);
    const auto middle = pivoted.rows.begin() + rank;
    const auto order = [](auto begin, auto end) {
        return at::argsort(at::tensor(std::vector<std::int64_t>(begin, end), at::kLong));
    };
    const at::Tensor kept = order(pivoted.rows.begin(), middle).to(pivoted.down.device());
    LayerTensors result = pivoted;
    result.down = pivoted.down.index_select(0, kept);
    if (pivoted.mix.defined() && pivoted.mix.size(0) > 0) {
        const at::Tensor others = order(middle, pivoted.rows.end()).to(pivoted.down.device());
        result.mix = pivoted.mix.index_select(0, others).index_select(1, kept);
    }
    std::sort(result.rows.begin(), result.rows.begin() + rank);
    std::sort(result.rows.begin() + rank, result.rows.end());
    return result;
}

/// Without our own kernels one product is faster than a smaller one and two passes that put columns
/// in their places.
LayerTensors withUp(const LayerTensors& pivoted) {
    const std::int64_t rank = pivoted.down.size(0);
    LayerTensors result;
    result.down = pivoted.down;
    // LibTorch 1.13 makes no unit matrix in bfloat16.
    const at::Tensor unit =
        at::eye(rank, pivoted.down.options().dtype(at::kFloat)).to(pivoted.down.scalar_type());
    const bool mixed = pivoted.mix.defined() && pivoted.mix.size(0) > 0;
    const at::Tensor places =
        at::argsort(at::tensor(pivoted.rows, at::kLong)).to(pivoted.down.device());
    result.up = (mixed ? at::cat({unit, pivoted.mix}) : unit).index_select(0, places);
    return result;
}

/// The pivoted form: the columns of [z, z mixᵀ] in the order of the outputs.
at::Tensor LinearGroup::placed(const Layer& layer, const at::Tensor& z) {
    const at::Tensor mixed =
        layer.second ? (*layer.second)(z) : at::empty({z.size(0), 0}, z.options());
    at::Tensor y = at::empty({z.size(0), layer.out}, z.options());
    const float* first = z.data_ptr<float>();
    const float* second = mixed.data_ptr<float>();
    float* to = y.data_ptr<float>();
    at::parallel_for(
        0, z.size(0), mergedAtOnce / layer.out + 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row)
                layer.merge.apply(first + row * z.stride(0), second + row * mixed.stride(0),
                                  to + row * layer.out);
        });
    return y;
}

}  // namespace rankscope::torch_backend
