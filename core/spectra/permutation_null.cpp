// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/permutation_null.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/random.h"

namespace rankscope::spectra {

namespace {

/// A singular value must be above the band by more than rounding, as a share of the largest.
constexpr double roundingShare = 1e-9;

/// FNV-1a, so that a matrix has its own permutations whatever other matrices are chosen.
std::uint64_t hash(std::string_view name) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

/// Fisher and Yates. 64 random bits are so many that the remainder's bias is below 2^-30.
void permute(std::vector<double>& values, RandomNumbers random) {
    for (std::size_t left = values.size(); left > 1; --left)
        std::swap(values[left - 1], values[random.next() % left]);
}

void addBand(const std::vector<std::vector<double>>& repeats, NullSpectrum& result) {
    for (std::size_t i = 0; i < repeats.front().size(); ++i) {
        std::vector<double> values;
        double sum = 0;
        for (const std::vector<double>& repeat : repeats) {
            values.push_back(repeat[i]);
            sum += repeat[i];
        }
        std::sort(values.begin(), values.end());
        result.mean.push_back(sum / static_cast<double>(values.size()));
        result.low.push_back(quantile(values, lowQuantile));
        result.high.push_back(quantile(values, highQuantile));
        result.largest = std::max(result.largest, values.back());
    }
}

void countAbove(const std::vector<double>& values, NullSpectrum& result) {
    const double rounding = roundingShare * values.front();
    while (result.above < static_cast<std::int64_t>(values.size())) {
        const auto i = static_cast<std::size_t>(result.above);
        if (values[i] <= result.high[i] + rounding) break;
        ++result.above;
    }
    result.aboveLargest = std::count_if(values.begin(), values.end(), [&](double value) {
        return value > result.largest + rounding;
    });
}

std::vector<double> histogram(const std::vector<double>& values, double top, std::size_t bins) {
    std::vector<double> shares(bins);
    for (const double value : values) {
        const auto bin = static_cast<std::size_t>(value / top * static_cast<double>(bins));
        shares[std::min(bin, bins - 1)] += 1 / static_cast<double>(values.size());
    }
    return shares;
}

}  // namespace

NullSpectrum permutationNull(const MatrixView& weight, const Spectrum& spectrum,
                             const NullOptions& options, const backend::Compute& compute,
                             const Progress& progress) {
    const auto count = static_cast<std::size_t>(std::max(options.repeats, 1));
    const std::uint64_t source = RandomNumbers(options.seed).next() ^ hash(spectrum.name());
    std::vector<std::vector<double>> repeats(count);
    std::mutex mutex;
    std::size_t done = 0;
    const auto work = [&](std::size_t repeat) {
        throwIfStopped(progress);
        Matrix permuted{{weight.values.begin(), weight.values.end()}, weight.rows, weight.columns};
        permute(permuted.values, RandomNumbers(RandomNumbers(source + repeat).next()));
        repeats[repeat] = compute.algebra().singularValues(permuted).values;
        const std::scoped_lock lock(mutex);
        ++done;
        progress.report(
            static_cast<double>(done) / static_cast<double>(count),
            fmt::format("{}: permutation {} of {}", printable(spectrum.name()), done, count));
    };
    runInParallel(count, compute.device.cuda ? 1 : compute.threads, work);
    NullSpectrum result;
    result.repeats = static_cast<int>(count);
    result.seed = options.seed;
    addBand(repeats, result);
    countAbove(spectrum.singularValues(), result);
    std::vector<double> all;
    for (const std::vector<double>& repeat : repeats)
        all.insert(all.end(), repeat.begin(), repeat.end());
    result.jensenShannonDistance = jensenShannonDistance(spectrum.singularValues(), all);
    return result;
}

double jensenShannonDistance(const std::vector<double>& a, const std::vector<double>& b) {
    const double top =
        std::max(*std::max_element(a.begin(), a.end()), *std::max_element(b.begin(), b.end()));
    if (!(top > 0)) return 0;
    const auto bins = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(a.size()))));
    const auto p = histogram(a, top, bins);
    const auto q = histogram(b, top, bins);
    const auto term = [](double share, double middle) {
        return share > 0 ? share * std::log2(share / middle) : 0;
    };
    double sum = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        const double middle = (p[bin] + q[bin]) / 2;
        sum += (term(p[bin], middle) + term(q[bin], middle)) / 2;
    }
    return std::sqrt(std::clamp(sum, 0.0, 1.0));
}

}  // namespace rankscope::spectra
