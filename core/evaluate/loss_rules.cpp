// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/loss_rules.h"

#include <algorithm>
#include <cmath>

#include "core/evaluate/evaluation.h"

namespace rankscope::evaluate {

EvaluationLoss lossByRules(std::span<const SampleResult> results, std::int64_t batchSize,
                           std::vector<std::int64_t>& bad) {
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(batchSize, 1));
    double sum = 0, tokens = 0;         // of the whole set
    double weighted = 0, examples = 0;  // Σ n_b l_b, Σ n_b
    double means = 0, batches = 0;      // Σ l_b, K
    for (std::size_t first = 0; first < results.size(); first += size) {
        double batchSum = 0, batchTokens = 0, counted = 0;
        for (std::size_t i = first; i < std::min(first + size, results.size()); ++i) {
            if (!std::isfinite(results[i].lossSum)) {
                bad.push_back(static_cast<std::int64_t>(i));
                continue;
            }
            batchSum += results[i].lossSum;
            batchTokens += static_cast<double>(results[i].lossTokens);
            ++counted;
        }
        if (batchTokens == 0) continue;
        const double mean = batchSum / batchTokens;
        sum += batchSum;
        tokens += batchTokens;
        weighted += counted * mean;
        examples += counted;
        means += mean;
        ++batches;
    }
    // 0 / 0 is the NaN that stands for "no loss" if nothing is left.
    return {.tokenMean = sum / tokens,
            .trainerWeighted = weighted / examples,
            .trainerBatchMean = means / batches,
            .batchSize = batchSize};
}

}  // namespace rankscope::evaluate
