// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/ragged.h"

#include <algorithm>
#include <limits>

namespace rankscope::torch_backend {

Ragged::Ragged(std::span<const backend::TokenIds> sequences) {
    offsets.reserve(sequences.size() + 1);
    for (const backend::TokenIds& ids : sequences)
        offsets.push_back(offsets.back() + static_cast<std::int64_t>(ids.size()));
}

Ragged::Ragged(std::int64_t count, std::int64_t length) {
    for (std::int64_t i = 0; i < count; ++i) offsets.push_back(offsets.back() + length);
}

std::int64_t Ragged::longest() const {
    std::int64_t longest = 0;
    for (std::int64_t i = 0; i < count(); ++i) longest = std::max(longest, length(i));
    return longest;
}

at::Tensor joinedIds(std::span<const backend::TokenIds> sequences, const at::Device& device) {
    std::vector<std::int64_t> ids;
    for (const backend::TokenIds& sequence : sequences)
        ids.insert(ids.end(), sequence.begin(), sequence.end());
    return at::tensor(ids, at::kLong).to(device);
}

Padding::Padding(const Ragged& ragged, const at::Device& device)
    : m_count(ragged.count()), m_longest(ragged.longest()) {
    std::vector<std::int64_t> places;
    places.reserve(static_cast<std::size_t>(ragged.rows()));
    for (std::int64_t i = 0; i < m_count; ++i)
        for (std::int64_t j = 0; j < ragged.length(i); ++j) places.push_back(i * m_longest + j);
    m_places = at::tensor(places, at::kLong).to(device);
}

at::Tensor Padding::padded(const at::Tensor& rows) const {
    if (m_places.size(0) == m_count * m_longest)
        return rows.reshape({m_count, m_longest, rows.size(1)});
    at::Tensor block = at::zeros({m_count * m_longest, rows.size(1)}, rows.options());
    block.index_copy_(0, m_places, rows);
    return block.view({m_count, m_longest, rows.size(1)});
}

at::Tensor Padding::unpadded(const at::Tensor& block) const {
    const at::Tensor flat = block.reshape({m_count * m_longest, block.size(2)});
    return m_places.size(0) == flat.size(0) ? flat : flat.index_select(0, m_places);
}

at::Tensor Padding::mask(at::ScalarType type) const {
    at::Tensor mask = at::full({m_count * m_longest}, lowestOf(type),
                               at::TensorOptions(m_places.device()).dtype(type));
    mask.index_fill_(0, m_places, 0);
    return mask.view({m_count, 1, 1, m_longest});
}

double lowestOf(at::ScalarType type) {
    if (type == at::kBFloat16)
        return static_cast<double>(std::numeric_limits<at::BFloat16>::lowest());
    return static_cast<double>(std::numeric_limits<float>::lowest());
}

}  // namespace rankscope::torch_backend
