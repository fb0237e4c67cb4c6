// SPDX-License-Identifier: Apache-2.0
#include "core/model/checkpoint_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/error.h"

namespace rankscope::model {

using backend::LayerWeights;
using backend::Tensor;

namespace {

std::vector<std::int64_t> rowNumbers(std::span<const std::byte> bytes) {
    std::vector<std::int64_t> rows(bytes.size() / sizeof(std::int64_t));
    std::memcpy(rows.data(), bytes.data(), rows.size() * sizeof(std::int64_t));
    return rows;
}

std::vector<std::string_view> suffixesOf(checkpoint::Storage storage) {
    switch (storage) {
        case checkpoint::Storage::Factored:
            return {".down.weight", ".up.weight"};
        case checkpoint::Storage::Pivoted:
            return {".down.weight", ".mix.weight", ".rows"};
        case checkpoint::Storage::Dense:
            break;
    }
    return {".weight"};
}

}  // namespace

void placeTensor(LayerWeights& weights, std::string_view suffix, Tensor tensor) {
    if (suffix == ".weight")
        weights.dense = std::move(tensor);
    else if (suffix == ".down.weight")
        weights.down = std::move(tensor);
    else if (suffix == ".up.weight")
        weights.up = std::move(tensor);
    else if (suffix == ".mix.weight")
        weights.mix = std::move(tensor);
    else if (suffix == ".rows")
        weights.rows = rowNumbers(tensor.bytes);
}

LayerWeights CheckpointWeights::matrix(const std::string& module) const {
    const checkpoint::WeightMatrix* matrix = m_checkpoint->findMatrix(module + ".weight");
    if (matrix == nullptr)
        throw Error(fmt::format("{} has no matrix {}.", printable(m_checkpoint->label()),
                                printable(module)),
                    module);
    LayerWeights weights;
    for (const std::string_view suffix : suffixesOf(matrix->storage))
        placeTensor(weights, suffix, tensor(fmt::format("{}{}", module, suffix)));
    return weights;
}

Tensor CheckpointWeights::tensor(const std::string& name) const {
    const checkpoint::TensorEntry* entry = m_checkpoint->findTensor(name);
    if (entry == nullptr)
        throw Error(
            fmt::format("{} has no tensor {}.", printable(m_checkpoint->label()), printable(name)),
            name);
    return {entry->dtype, entry->shape, m_checkpoint->readBytes(*entry)};
}

}  // namespace rankscope::model
