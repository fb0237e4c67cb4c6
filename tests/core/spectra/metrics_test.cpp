// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/backend/backend.h"

namespace rankscope::spectra {
namespace {

using Ranks = std::map<std::string, std::int64_t>;

/// Gaussian noise of standard deviation `sigma` per entry, [rows, columns].
Matrix noise(std::int64_t rows, std::int64_t columns, double sigma, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(0, sigma);
    Matrix matrix{std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
    for (double& value : matrix.values) value = normal(random);
    return matrix;
}

Spectrum spectrumOf(const Matrix& matrix) {
    const backend::Backend& backend = backend::loadBackend({});
    return {"noise", matrix.rows, matrix.columns,
            backend.algebra({}).singularValues(matrix).values};
}

// Numbers worked out independently, see docs/methods/spectra.md; the nuclear norm in units of s_1.
TEST(Metrics, AgreeWithTheProofVector) {
    const SpectrumMetrics metrics = computeMetrics(
        Spectrum("w", 6, 6, {0.608795, 0.356773, 0.271435, 0.091224, 0.015292, 0.000645}));
    EXPECT_NEAR(metrics.effectiveRank, 3.564491, 1e-6);
    EXPECT_NEAR(metrics.stableRank, 1.565306, 1e-6);
    EXPECT_NEAR(metrics.participationRatio, 2.115934, 1e-6);
    EXPECT_NEAR(metrics.nuclearNorm / metrics.spectralNorm, 2.207909, 1e-6);
    EXPECT_DOUBLE_EQ(metrics.spectralNorm, 0.608795);
    EXPECT_EQ(metrics.energyRanks, (Ranks{{"0.9", 3}, {"0.95", 3}, {"0.99", 4}}));
    EXPECT_EQ(metrics.numericalRank, 6);
}

TEST(Metrics, IdentityGivesItsSize) {
    const SpectrumMetrics metrics = computeMetrics(Spectrum("i", 10, 10, std::vector(10, 1.0)));
    EXPECT_DOUBLE_EQ(metrics.effectiveRank, 10);
    EXPECT_DOUBLE_EQ(metrics.stableRank, 10);
    EXPECT_DOUBLE_EQ(metrics.participationRatio, 10);
    EXPECT_DOUBLE_EQ(metrics.nuclearNorm, 10);
    EXPECT_EQ(metrics.numericalRank, 10);
    EXPECT_DOUBLE_EQ(metrics.frobeniusNorm, std::sqrt(10.0));
    EXPECT_DOUBLE_EQ(metrics.spectralNorm, 1);
    EXPECT_EQ(metrics.energyRanks, (Ranks{{"0.9", 9}, {"0.95", 10}, {"0.99", 10}}));
}

TEST(Metrics, RankOneGivesOne) {
    std::vector<double> values(8, 0.0);
    values[0] = 1;
    const SpectrumMetrics metrics = computeMetrics(Spectrum("w", 8, 9, values));
    EXPECT_DOUBLE_EQ(metrics.effectiveRank, 1);
    EXPECT_DOUBLE_EQ(metrics.stableRank, 1);
    EXPECT_DOUBLE_EQ(metrics.participationRatio, 1);
    EXPECT_DOUBLE_EQ(metrics.nuclearNorm, 1);
    EXPECT_EQ(metrics.numericalRank, 1);
    EXPECT_EQ(metrics.energyRanks, (Ranks{{"0.9", 1}, {"0.95", 1}, {"0.99", 1}}));
}

TEST(Metrics, DoNotDependOnScale) {
    const std::vector<double> values = {5, 3, 2, 0.25};
    std::vector<double> scaled = values;
    for (double& value : scaled) value *= 0x1p-400;
    const SpectrumMetrics a = computeMetrics(Spectrum("w", 4, 5, values));
    const SpectrumMetrics b = computeMetrics(Spectrum("w", 4, 5, scaled));
    EXPECT_DOUBLE_EQ(a.stableRank, b.stableRank);
    EXPECT_DOUBLE_EQ(a.effectiveRank, b.effectiveRank);
    EXPECT_DOUBLE_EQ(a.participationRatio, b.participationRatio);
    EXPECT_EQ(a.numericalRank, b.numericalRank);
}

TEST(Metrics, ZeroMatrixIsZeroEverywhere) {
    const SpectrumMetrics metrics = computeMetrics(Spectrum("w", 2, 2, {0, 0}));
    EXPECT_EQ(metrics.stableRank, 0);
    EXPECT_EQ(metrics.effectiveRank, 0);
    EXPECT_EQ(metrics.numericalRank, 0);
    EXPECT_EQ(metrics.gavishDonohoRank, 0);
}

TEST(Metrics, NumericalRankCountsAboveRounding) {
    // Limit: 1 · max(4, 1000) · 2^-52 = 2.2e-13.
    const SpectrumMetrics metrics = computeMetrics(Spectrum("w", 4, 1000, {1, 1e-3, 3e-13, 2e-13}));
    EXPECT_EQ(metrics.numericalRank, 3);
}

TEST(GavishDonoho, ConstantsOfThePaperAndOfFlanT5) {
    EXPECT_NEAR(gavishDonohoLambda(1), 4 / std::sqrt(3.0), 1e-12);
    EXPECT_NEAR(gavishDonohoOmega(1), 2.8584, 1e-4);
    struct Row {
        double beta, lambda, median, omega;
    };
    for (const Row& row : {Row{768.0 / 2048, 1.87581, 0.87345, 2.00710},
                           Row{1024.0 / 2816, 1.86581, 0.87734, 1.99198},
                           Row{768.0 / 32128, 1.46135, 0.99203, 1.46721}}) {
        EXPECT_NEAR(gavishDonohoLambda(row.beta), row.lambda, 1e-5);
        EXPECT_NEAR(marchenkoPasturMedian(row.beta), row.median, 1e-5);
        EXPECT_NEAR(gavishDonohoOmega(row.beta), row.omega, 1e-5);
    }
}

// The median by adding up the density itself, a route the program does not take.
TEST(GavishDonoho, MedianHalvesTheDensity) {
    for (const double beta : {0.01, 0.1, 0.5, 0.9, 0.999}) {
        const double lower = std::pow(1 - std::sqrt(beta), 2);
        const double upper = std::pow(1 + std::sqrt(beta), 2);
        const double median = marchenkoPasturMedian(beta);
        const int steps = 1'000'000;
        double below = 0;
        for (int i = 0; i < steps; ++i) {
            const double x = lower + (median - lower) * (i + 0.5) / steps;
            below += std::sqrt((upper - x) * (x - lower)) / (2 * M_PI * beta * x);
        }
        EXPECT_NEAR(below * (median - lower) / steps, 0.5, 1e-4) << "beta " << beta;
    }
}

TEST(MarchenkoPastur, NoiseStaysInsideItsEdgesAndNothingIsKept) {
    const Spectrum spectrum = spectrumOf(noise(768, 2048, 0.05, 1));
    const SpectrumMetrics metrics = computeMetrics(spectrum);
    // 0.05 (sqrt(2048) + sqrt(768)) = 3.6484, 0.05 (sqrt(2048) - sqrt(768)) = 0.8771
    EXPECT_NEAR(metrics.marchenkoPasturSigma, 0.05, 0.0005);
    EXPECT_NEAR(metrics.marchenkoPasturUpper / metrics.marchenkoPasturSigma * 0.05, 3.6484, 1e-4);
    EXPECT_NEAR(metrics.marchenkoPasturLower / metrics.marchenkoPasturSigma * 0.05, 0.8771, 1e-4);
    // The largest value of noise lies below the edge by 0.012 on average, s.d. 0.012 (Tracy-Widom).
    EXPECT_NEAR(spectrum.singularValues().front(), 3.6484 - 0.012, 0.05);
    EXPECT_NEAR(spectrum.singularValues().back(), 0.8771, 0.05);
    EXPECT_EQ(metrics.gavishDonohoRank, 0);
    // mn / (sqrt m + sqrt n)² = 295.4, times (edge / s_1)².
    EXPECT_NEAR(metrics.stableRank * std::pow(metrics.spectralNorm / 3.6484, 2), 295.4, 1);
}

TEST(MarchenkoPastur, PlantedSignalIsCounted) {
    Matrix matrix = noise(768, 2048, 0.05, 2);
    const Matrix left = noise(768, 10, 1, 3);
    const Matrix right = noise(10, 2048, 0.01, 4);  // signal s about sqrt(768 · 2048) / 100 = 12.5
    const Matrix signal = backend::loadBackend({}).algebra({}).multiply(left, right);
    for (std::size_t i = 0; i < matrix.values.size(); ++i) matrix.values[i] += signal.values[i];
    const SpectrumMetrics metrics = computeMetrics(spectrumOf(matrix));
    EXPECT_EQ(metrics.gavishDonohoRank, 10);
    EXPECT_GE(metrics.aboveMarchenkoPastur, 10);
    EXPECT_LE(metrics.aboveMarchenkoPastur, 13);
}

}  // namespace
}  // namespace rankscope::spectra
