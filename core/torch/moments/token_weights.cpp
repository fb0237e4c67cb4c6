// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/token_weights.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace rankscope::torch_backend {

TokenWeights::TokenWeights(std::span<const backend::TokenIds> sequences, double rarity) {
    if (rarity == 0) return;
    std::map<std::int32_t, double> occurrences;
    double tokens = 0;
    for (const backend::TokenIds& sequence : sequences)
        for (const std::int32_t id : sequence) {
            ++occurrences[id];
            ++tokens;
        }
    double sum = 0;
    for (const auto& [id, count] : occurrences) {
        m_weights[id] = std::pow(count, -rarity);
        sum += count * m_weights[id];
    }
    for (auto& [id, weight] : m_weights) weight *= tokens / sum;
}

at::Tensor TokenWeights::roots(std::span<const backend::TokenIds> sequences,
                               const at::Device& device) const {
    if (allAlike()) return {};
    std::vector<double> roots;
    for (const backend::TokenIds& sequence : sequences)
        for (const std::int32_t id : sequence) roots.push_back(std::sqrt(m_weights.at(id)));
    return at::tensor(roots, at::kDouble).unsqueeze(1).to(device);
}

}  // namespace rankscope::torch_backend
