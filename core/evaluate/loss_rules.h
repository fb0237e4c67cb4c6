// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/evaluate/evaluation.h"

namespace rankscope::evaluate {

/// Losses of examples in the data's order, by the three rules. With s_i and t_i the loss sum and
/// tokens of example i, and batches b of `batchSize` consecutive examples (the last may be short),
/// n_b of them, l_b = Σ s_i / Σ t_i over the batch: tokenMean = Σ s_i / Σ t_i over all,
/// trainerWeighted = Σ n_b l_b / Σ n_b, trainerBatchMean = Σ l_b / K with K batches. Positions of
/// non-finite losses are appended to `bad` and left out of every sum and count; a batch of nothing
/// else is not a batch. NaN if nothing is left.
EvaluationLoss lossByRules(std::span<const SampleResult> results, std::int64_t batchSize,
                           std::vector<std::int64_t>& bad);

}  // namespace rankscope::evaluate
