// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/spectra/power_law.h"

namespace rankscope::spectra {

namespace {

/// Alpha of one resample; NaN if it cannot be fitted.
double alphaOf(std::span<const double> values, RandomNumbers random) {
    std::vector<double> drawn(values.size());
    // 64 random bits are so many that the remainder's bias is below 2^-30.
    for (double& value : drawn) value = values[random.next() % values.size()];
    const PowerLawFit fit = fitPowerLaw(drawn);
    return fit.failed ? std::numeric_limits<double>::quiet_NaN() : fit.alpha;
}

}  // namespace

AlphaBootstrap bootstrapAlpha(std::span<const double> values, const BootstrapHow& how,
                              const Progress& progress) {
    AlphaBootstrap result;
    result.resamples = how.resamples;
    result.seed = how.seed;
    if (values.empty()) return result;
    std::vector<double> alphas(static_cast<std::size_t>(how.resamples));
    const std::uint64_t start = RandomNumbers(how.seed).next();
    std::atomic<std::size_t> done = 0;
    runInParallel(alphas.size(), how.threads, [&](std::size_t i) {
        throwIfStopped(progress);
        alphas[i] = alphaOf(values, RandomNumbers(start + i));
        progress.report(static_cast<double>(++done) / static_cast<double>(alphas.size()),
                        "Resamples");
    });
    std::erase_if(alphas, [](double alpha) { return std::isnan(alpha); });
    result.fitted = static_cast<int>(alphas.size());
    if (result.fitted < 2 || 2 * result.fitted < how.resamples) return result;
    result.failed = false;
    double mean = 0, squares = 0;
    for (const double alpha : alphas) mean += alpha / static_cast<double>(alphas.size());
    for (const double alpha : alphas) squares += (alpha - mean) * (alpha - mean);
    result.deviation = std::sqrt(squares / static_cast<double>(alphas.size() - 1));
    std::sort(alphas.begin(), alphas.end());
    result.low = quantile(alphas, lowQuantile);
    result.high = quantile(alphas, highQuantile);
    return result;
}

}  // namespace rankscope::spectra
