// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/quantile.h"
#include "core/base/random.h"

namespace rankscope::evaluate {

namespace {

/// Positions below `count`, drawn evenly. Two come from each 64-bit number, each as 32 bits times
/// `count` over 2^32: no position is more likely than another by over count / 2^32.
class Positions {
 public:
    Positions(std::uint64_t seed, std::size_t count) : m_numbers(seed), m_count(count) {}

    /// Calls use(position) as often as there are positions.
    template <typename Use>
    void resample(Use use) {
        for (std::size_t i = 0; i + 1 < m_count; i += 2) {
            const std::uint64_t bits = m_numbers.next();
            use(((bits >> 32U) * m_count) >> 32U);
            use(((bits & 0xFFFFFFFFU) * m_count) >> 32U);
        }
        if (m_count % 2 == 1) use(((m_numbers.next() >> 32U) * m_count) >> 32U);
    }

 private:
    RandomNumbers m_numbers;
    std::uint64_t m_count;
};

Interval interval(std::vector<double> statistics, double level) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    if (statistics.empty() || !std::all_of(statistics.begin(), statistics.end(),
                                           [](double value) { return std::isfinite(value); }))
        return {nan, nan};
    std::sort(statistics.begin(), statistics.end());
    const double tail = (1 - level) / 2;
    return {quantile(statistics, tail), quantile(statistics, 1 - tail)};
}

std::size_t resamplesOf(std::size_t values, const BootstrapOptions& options) {
    assert(options.resamples > 0 && options.level > 0 && options.level < 1);
    assert(values <= std::numeric_limits<std::uint32_t>::max());
    return values == 0 ? 0 : static_cast<std::size_t>(options.resamples);
}

}  // namespace

Interval bootstrapMean(std::span<const double> values, const BootstrapOptions& options) {
    Positions positions(options.seed, values.size());
    std::vector<double> means(resamplesOf(values.size(), options));
    for (double& mean : means) {
        double sum = 0;
        positions.resample([&](std::size_t i) { sum += values[i]; });
        mean = sum / static_cast<double>(values.size());
    }
    return interval(std::move(means), options.level);
}

Interval bootstrapRatio(std::span<const double> numerators, std::span<const double> denominators,
                        const BootstrapOptions& options) {
    assert(numerators.size() == denominators.size());
    Positions positions(options.seed, numerators.size());
    std::vector<double> ratios(resamplesOf(numerators.size(), options));
    for (double& ratio : ratios) {
        double above = 0;
        double below = 0;
        positions.resample([&](std::size_t i) {
            above += numerators[i];
            below += denominators[i];
        });
        ratio = above / below;
    }
    return interval(std::move(ratios), options.level);
}

}  // namespace rankscope::evaluate
