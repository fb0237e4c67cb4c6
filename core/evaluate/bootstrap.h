// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace rankscope::evaluate {

struct Interval {
    double low = 0;
    double high = 0;
};

struct BootstrapOptions {
    std::int64_t resamples = 10000;
    double level = 0.95;
    std::uint64_t seed = 0;
};

/// Percentile bootstrap interval of the mean (Efron and Tibshirani 1993, ch. 13): the level's
/// quantiles of the means of resamples drawn with replacement, linearly interpolated.
/// The same on every machine for the same seed. No values: both ends NaN.
Interval bootstrapMean(std::span<const double> values, const BootstrapOptions& options);

/// The same for a ratio of sums Σ numerators / Σ denominators (the token-mean loss), pairs drawn
/// together.
Interval bootstrapRatio(std::span<const double> numerators, std::span<const double> denominators,
                        const BootstrapOptions& options);

}  // namespace rankscope::evaluate
