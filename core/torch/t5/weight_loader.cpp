// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/weight_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/torch/kernels/packed_product.h"

namespace rankscope::torch_backend {

namespace {

at::ScalarType scalarType(DType dtype, const std::string& name) {
    switch (dtype) {
        case DType::F32:
            return at::kFloat;
        case DType::F64:
            return at::kDouble;
        case DType::F16:
            return at::kHalf;
        case DType::BF16:
            return at::kBFloat16;
        default:
            throw Error(fmt::format("Tensor {} has type {}, which is not supported as a weight; "
                                    "F16, BF16, F32 and F64 are.",
                                    printable(name), dtypeName(dtype)),
                        name);
    }
}

/// `expected` with its -1 entries taken from `shape`.
Shape fitted(const Shape& shape, Shape expected) {
    for (std::size_t i = 0; i < expected.size() && i < shape.size(); ++i)
        if (expected[i] < 0) expected[i] = shape[i];
    return expected;
}

void expectPermutation(const std::vector<std::int64_t>& rows, std::int64_t out,
                       const std::string& name) {
    std::vector<bool> seen(rows.size(), false);
    bool valid = out < 0 || static_cast<std::int64_t>(rows.size()) == out;
    for (std::size_t i = 0; valid && i < rows.size(); ++i) {
        const auto at = static_cast<std::size_t>(rows[i]);
        valid = rows[i] >= 0 && at < seen.size() && !seen[at];
        if (valid) seen[at] = true;
    }
    if (!valid)
        throw Error(
            fmt::format("{} does not hold each row number of its matrix once.", printable(name)),
            name);
}

}  // namespace

bool Placement::packed() const { return cpuFloat() && PackedWeight::supported(); }

Placement placementOf(const backend::Seq2SeqOptions& options) {
    Placement placement;
    if (options.device.cuda)
        placement.device =
            at::Device(at::kCUDA, static_cast<at::DeviceIndex>(options.device.index));
    if (options.compute == backend::ComputeType::BFloat16) placement.type = at::kBFloat16;
    return placement;
}

std::int64_t LayerTensors::out() const {
    if (dense.defined()) return dense.size(0);
    return up.defined() ? up.size(0) : static_cast<std::int64_t>(rows.size());
}

WeightLoader::WeightLoader(const backend::WeightSource& source, const Placement& placement,
                           const Progress& progress, std::int64_t tensorsExpected)
    : m_source(&source),
      m_placement(placement),
      m_progress(&progress),
      m_expected(std::max<std::int64_t>(tensorsExpected, 1)) {}

LayerTensors WeightLoader::layer(const std::string& module, std::int64_t out, std::int64_t in) {
    count(module);
    const backend::LayerWeights weights = m_source->matrix(module);
    LayerTensors layer;
    if (!weights.dense.bytes.empty()) {
        layer.dense = place(weights.dense, {out, in}, module + ".weight");
        return layer;
    }
    layer.down = place(weights.down, {-1, in}, module + ".down.weight");
    const std::int64_t rank = layer.down.size(0);
    if (!weights.up.bytes.empty()) {
        layer.up = place(weights.up, {out, rank}, module + ".up.weight");
        return layer;
    }
    layer.rows = weights.rows;
    expectPermutation(layer.rows, out, module + ".rows");
    const auto height = static_cast<std::int64_t>(layer.rows.size());
    layer.mix = place(weights.mix, {height - rank, rank}, module + ".mix.weight");
    return layer;
}

at::Tensor WeightLoader::tensor(const std::string& name, const Shape& shape) {
    count(name);
    return place(m_source->tensor(name), shape, name);
}

at::Tensor WeightLoader::place(const backend::Tensor& tensor, const Shape& expected,
                               const std::string& name) const {
    expectShape(tensor.shape, fitted(tensor.shape, expected), "Tensor " + printable(name));
    const at::ScalarType type = scalarType(tensor.dtype, name);
    const auto elements = elementCount(tensor.shape).value_or(-1);
    const auto size = static_cast<std::int64_t>(c10::elementSize(type));
    if (elements < 0 || elements * size != static_cast<std::int64_t>(tensor.bytes.size()))
        throw Error(fmt::format("Tensor {} has {} bytes, which do not make its shape {}.",
                                printable(name), tensor.bytes.size(), toString(tensor.shape)),
                    name);
    // ATen has no tensors of const; the bytes are only read, and copied before they are freed.
    const at::Tensor view =
        at::from_blob(const_cast<std::byte*>(tensor.bytes.data()), tensor.shape, type);
    return view.to(m_placement.device, m_placement.type, /*non_blocking=*/false, /*copy=*/true);
}

void WeightLoader::count(const std::string& name) {
    throwIfStopped(*m_progress);
    m_progress->report(
        std::min(1.0, static_cast<double>(m_done++) / static_cast<double>(m_expected)),
        "loading " + printable(name));
}

}  // namespace rankscope::torch_backend
