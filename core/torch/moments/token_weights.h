// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>

#include "core/backend/seq2seq.h"

namespace rankscope::torch_backend {

/// The weight of a token in sums over tokens: occurrences^-rarity, divided by the mean over all.
class TokenWeights {
 public:
    TokenWeights() = default;  ///< all equal
    /// All equal if rarity is 0.
    TokenWeights(std::span<const backend::TokenIds> sequences, double rarity);
    bool allAlike() const { return m_weights.empty(); }
    /// The square roots, float64 [rows, 1], of sequences that the weights were made from; undefined
    /// if all are equal.
    at::Tensor roots(std::span<const backend::TokenIds> sequences, const at::Device& device) const;

 private:
    std::map<std::int32_t, double> m_weights;  // by id
};

}  // namespace rankscope::torch_backend
