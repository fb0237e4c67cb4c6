// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/head_places.h"

#include <algorithm>

namespace rankscope::torch_backend {

HeadPlaces::HeadPlaces(const std::vector<std::int64_t>& sizes, std::int64_t width,
                       const at::Device& device)
    : m_inner(width * static_cast<std::int64_t>(sizes.size())) {
    if (std::ranges::all_of(sizes, [&](std::int64_t size) { return size == width; })) return;
    std::vector<std::int64_t> places;
    for (std::size_t head = 0; head < sizes.size(); ++head)
        for (std::int64_t i = 0; i < sizes[head]; ++i)
            places.push_back(static_cast<std::int64_t>(head) * width + i);
    m_places = at::tensor(places, at::kLong).to(device);
}

at::Tensor HeadPlaces::spread(const at::Tensor& x) const {
    if (!m_places.defined()) return x;
    // Not in place: the gradients' pass goes through here too.
    return at::zeros({x.size(0), m_inner}, x.options()).index_copy(1, m_places, x);
}

at::Tensor HeadPlaces::gathered(const at::Tensor& x) const {
    return m_places.defined() ? x.index_select(1, m_places) : x;
}

}  // namespace rankscope::torch_backend
