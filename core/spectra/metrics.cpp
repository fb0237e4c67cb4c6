// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace rankscope::spectra {

namespace {

/// Median of descending values; the mean of the two in the middle if their number is even.
double medianOf(const std::vector<double>& descending) {
    const std::size_t half = descending.size() / 2;
    return descending.size() % 2 == 1 ? descending[half]
                                      : (descending[half - 1] + descending[half]) / 2;
}

/// How many of the descending values are above the limit.
std::int64_t countAbove(const std::vector<double>& descending, double limit) {
    return std::partition_point(descending.begin(), descending.end(),
                                [limit](double value) { return value > limit; }) -
           descending.begin();
}

/// Share of the Marchenko-Pastur distribution (unit variance) in [lower, x], where
/// x = lower + (upper - lower) sin²(angle), lower and upper = (1 ∓ √β)². In closed form, from
/// ∫ √((upper - x)(x - lower)) / (2π β x) dx with that substitution.
double marchenkoPasturShare(double beta, double angle) {
    const double root = std::sqrt(beta);
    const double inside =
        2 * root * (angle + std::sin(2 * angle) / 2) + (1 - root) * (1 - root) * angle -
        (1 - beta) * std::atan2((1 + root) * std::sin(angle), (1 - root) * std::cos(angle));
    return inside / (std::numbers::pi * beta);
}

/// Sums that do not overflow: everything is divided by the largest value.
void addScaleFreeMetrics(const Spectrum& spectrum, SpectrumMetrics& metrics) {
    const std::vector<double>& values = spectrum.singularValues();
    const double largest = values.front();
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    for (std::size_t i = values.size(); i-- > 0;) {
        const double scaled = values[i] / largest;
        sum += scaled;
        squares += scaled * scaled;
        fourth += scaled * scaled * scaled * scaled;
    }
    metrics.nuclearNorm = sum * largest;
    metrics.stableRank = squares;
    metrics.effectiveRank = effectiveRank(values);
    metrics.participationRatio = squares * squares / fourth;
    const auto longer = static_cast<double>(std::max(spectrum.rows(), spectrum.columns()));
    metrics.numericalRank =
        countAbove(values, largest * longer * std::numeric_limits<double>::epsilon());
}

void addNoiseMetrics(const Spectrum& spectrum, SpectrumMetrics& metrics) {
    const auto shorter = static_cast<double>(std::min(spectrum.rows(), spectrum.columns()));
    const auto longer = static_cast<double>(std::max(spectrum.rows(), spectrum.columns()));
    const double beta = shorter / longer;
    const double median = medianOf(spectrum.singularValues());
    const double sigma = median / std::sqrt(longer * marchenkoPasturMedian(beta));
    metrics.marchenkoPasturSigma = sigma;
    metrics.marchenkoPasturLower = sigma * (std::sqrt(longer) - std::sqrt(shorter));
    metrics.marchenkoPasturUpper = sigma * (std::sqrt(longer) + std::sqrt(shorter));
    metrics.aboveMarchenkoPastur =
        countAbove(spectrum.singularValues(), metrics.marchenkoPasturUpper);
    metrics.gavishDonohoThreshold = gavishDonohoOmega(beta) * median;
    metrics.gavishDonohoRank = countAbove(spectrum.singularValues(), metrics.gavishDonohoThreshold);
}

}  // namespace

double effectiveRank(std::span<const double> values) {
    if (values.empty() || values.front() == 0) return 0;
    double sum = 0;
    for (std::size_t i = values.size(); i-- > 0;) sum += values[i] / values.front();
    double entropy = 0;
    for (std::size_t i = values.size(); i-- > 0;) {
        const double share = values[i] / values.front() / sum;
        if (share > 0) entropy -= share * std::log(share);
    }
    return std::exp(entropy);
}

SpectrumMetrics computeMetrics(const Spectrum& spectrum) {
    SpectrumMetrics metrics;
    for (const auto& [label, energy] : {std::pair{"0.9", 0.9}, {"0.95", 0.95}, {"0.99", 0.99}})
        metrics.energyRanks[label] = spectrum.size() == 0 ? 0 : spectrum.rankForEnergy(energy);
    if (spectrum.size() == 0 || spectrum.singularValues().front() == 0)
        return metrics;  // a zero matrix: every norm and rank is 0
    metrics.frobeniusNorm = spectrum.frobeniusNorm();
    metrics.spectralNorm = spectrum.singularValues().front();
    addScaleFreeMetrics(spectrum, metrics);
    addNoiseMetrics(spectrum, metrics);
    return metrics;
}

double gavishDonohoLambda(double beta) {
    const double sum = beta + 1;
    return std::sqrt(2 * sum + 8 * beta / (sum + std::sqrt(beta * beta + 14 * beta + 1)));
}

double gavishDonohoOmega(double beta) {
    return gavishDonohoLambda(beta) / std::sqrt(marchenkoPasturMedian(beta));
}

double marchenkoPasturMedian(double beta) {
    double low = 0;
    double high = std::numbers::pi / 2;
    while (high - low > 1e-13) {
        const double middle = (low + high) / 2;
        (marchenkoPasturShare(beta, middle) < 0.5 ? low : high) = middle;
    }
    const double root = std::sqrt(beta);
    const double sine = std::sin((low + high) / 2);
    return (1 - root) * (1 - root) + 4 * root * sine * sine;
}

}  // namespace rankscope::spectra
