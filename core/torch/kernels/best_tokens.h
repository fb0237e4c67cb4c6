// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace rankscope::torch_backend {

/// The `count` likeliest next tokens of each row, best first; the smaller id of equals.
struct BestTokens {
    std::int64_t count = 0;
    std::vector<float> logProbabilities;  // [rows, count]
    std::vector<std::int32_t> tokens;     // [rows, count]
};

/// For each row the tokens that must not follow; empty if none is banned in any row.
using BannedTokens = std::vector<std::vector<std::int32_t>>;

/// logits: float32 [rows, vocabulary]. Probabilities are those of log_softmax over the whole row;
/// a banned token's logarithm is -inf, and is in the result only if nothing else is left. NaN among
/// a row's logits makes its log-probabilities NaN. 1 <= count <= vocabulary.
BestTokens bestTokens(const at::Tensor& logits, std::int64_t count, const BannedTokens& banned);

}  // namespace rankscope::torch_backend
