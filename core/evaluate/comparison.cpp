// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/evaluate/bootstrap.h"
#include "core/evaluate/evaluation.h"

namespace rankscope::evaluate {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Comparison compareLoss(const EvaluationRun& baseline, const EvaluationRun& run,
                       const BootstrapOptions& options) {
    std::vector<double> differences, tokens;
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < run.results.size(); ++i) {
        const SampleResult& a = baseline.results[i];
        const SampleResult& b = run.results[i];
        if (a.lossTokens != b.lossTokens) return {run.checkpoint, "loss", nan, {nan, nan}};
        if (!std::isfinite(a.lossSum) || !std::isfinite(b.lossSum)) continue;
        differences.push_back(b.lossSum - a.lossSum);
        tokens.push_back(static_cast<double>(a.lossTokens));
        sum += differences.back();
        count += tokens.back();
    }
    return {run.checkpoint, "loss", sum / count, bootstrapRatio(differences, tokens, options)};
}

/// `value` of an example; the difference of means is the mean of differences.
template <typename Value>
Comparison compareMeans(const EvaluationRun& baseline, const EvaluationRun& run,
                        std::string_view metric, const BootstrapOptions& options,
                        const Value& value) {
    std::vector<double> differences;
    double sum = 0;
    for (std::size_t i = 0; i < run.results.size(); ++i) {
        differences.push_back(value(run.results[i]) - value(baseline.results[i]));
        sum += differences.back();
    }
    return {run.checkpoint, std::string(metric), sum / static_cast<double>(differences.size()),
            bootstrapMean(differences, options)};
}

}  // namespace

std::vector<Comparison> compareRuns(const Evaluation& evaluation, const BootstrapOptions& options) {
    std::vector<Comparison> comparisons;
    for (std::size_t r = 1; r < evaluation.runs.size(); ++r) {
        const EvaluationRun& baseline = evaluation.runs.front();
        const EvaluationRun& run = evaluation.runs[r];
        if (run.results.size() != baseline.results.size()) continue;
        if (run.loss && baseline.loss) comparisons.push_back(compareLoss(baseline, run, options));
        if (!run.hasRouge || !baseline.hasRouge) continue;
        for (std::size_t t = 0; t < text::rougeTypes.size(); ++t)
            comparisons.push_back(
                compareMeans(baseline, run, text::rougeName(text::rougeTypes[t]), options,
                             [t](const SampleResult& result) { return 100 * result.rouge[t].f; }));
        comparisons.push_back(compareMeans(
            baseline, run, "generated_length", options,
            [](const SampleResult& result) { return static_cast<double>(result.ids.size()); }));
    }
    return comparisons;
}

}  // namespace rankscope::evaluate
