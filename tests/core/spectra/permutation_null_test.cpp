// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/permutation_null.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/base/error.h"

namespace rankscope::spectra {
namespace {

const backend::Backend& torch() { return backend::loadBackend({}); }

Matrix noise(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    Matrix matrix{std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
    for (double& value : matrix.values) value = normal(random);
    return matrix;
}

Spectrum spectrumOf(const Matrix& matrix, const std::string& name = "w") {
    return {name, matrix.rows, matrix.columns, torch().algebra({}).singularValues(matrix).values};
}

NullOptions repeats(int count, std::uint64_t seed = 1) {
    NullOptions options;
    options.repeats = count;
    options.seed = seed;
    return options;
}

TEST(PermutationNull, NoiseLiesWithinItsBand) {
    const Matrix matrix = noise(60, 90, 3);
    const Spectrum spectrum = spectrumOf(matrix);
    const NullSpectrum null =
        permutationNull(matrix, spectrum, repeats(200), {torch()}, Progress());
    ASSERT_EQ(null.mean.size(), 60U);
    EXPECT_EQ(null.above, 0);
    EXPECT_EQ(null.aboveLargest, 0);
    int inside = 0;
    double squares = 0;
    for (std::size_t i = 0; i < 60; ++i) {
        const double value = spectrum.singularValues()[i];
        inside += value >= null.low[i] && value <= null.high[i] ? 1 : 0;
        EXPECT_LE(null.low[i], null.mean[i]);
        EXPECT_GE(null.high[i], null.mean[i]);
        squares += null.mean[i] * null.mean[i];
    }
    EXPECT_GE(inside, 54);  // 95 % of 60 are 57
    // A permutation keeps Σ s² = ‖W‖²; the means' squares are below that by their small variance.
    EXPECT_NEAR(std::sqrt(squares) / spectrum.frobeniusNorm(), 1, 1e-3);
    EXPECT_LT(null.jensenShannonDistance, 0.1);
    EXPECT_GE(null.largest, null.high.front());
}

TEST(PermutationNull, CountsAPlantedSignal) {
    Matrix matrix = noise(80, 120, 5);
    // The edge of this noise is √80 + √120 = 19.9; ten components of 60 and more stand out.
    const Matrix left = noise(80, 10, 6);
    const Matrix right = noise(10, 120, 7);
    for (std::int64_t i = 0; i < 80; ++i) {
        for (std::int64_t j = 0; j < 120; ++j) {
            for (std::int64_t k = 0; k < 10; ++k) {
                matrix.values[static_cast<std::size_t>(i * 120 + j)] +=
                    left.values[static_cast<std::size_t>(i * 10 + k)] *
                    right.values[static_cast<std::size_t>(k * 120 + j)];
            }
        }
    }
    const Spectrum spectrum = spectrumOf(matrix);
    ASSERT_GT(spectrum.singularValues()[9], 3 * 19.9);
    const NullSpectrum null = permutationNull(matrix, spectrum, repeats(40), {torch()}, Progress());
    EXPECT_EQ(null.above, 10);
    EXPECT_EQ(null.aboveLargest,
              std::count_if(spectrum.singularValues().begin(), spectrum.singularValues().end(),
                            [&](double v) { return v > null.largest; }));
    EXPECT_GT(null.jensenShannonDistance, 0.3);
}

TEST(PermutationNull, FollowsTheSeedAndTheNameOnly) {
    const Matrix matrix = noise(12, 20, 8);
    const auto nullOf = [&](const std::string& name, std::uint64_t seed, int threads) {
        return permutationNull(matrix, spectrumOf(matrix, name), repeats(7, seed),
                               {torch(), {}, threads}, Progress());
    };
    const NullSpectrum first = nullOf("w", 1, 1);
    const NullSpectrum again = nullOf("w", 1, 3);
    EXPECT_EQ(first.mean, again.mean);
    EXPECT_EQ(first.low, again.low);
    EXPECT_EQ(first.high, again.high);
    EXPECT_NE(first.mean, nullOf("w", 2, 1).mean);
    EXPECT_NE(first.mean, nullOf("v", 1, 1).mean);
}

TEST(PermutationNull, EqualEntriesAreTheirOwnNull) {
    const Matrix matrix{std::vector<double>(6, 2.0), 2, 3};
    const NullSpectrum null =
        permutationNull(matrix, spectrumOf(matrix), repeats(3), {torch()}, Progress());
    EXPECT_EQ(null.above, 0);
    EXPECT_EQ(null.aboveLargest, 0);
    EXPECT_NEAR(null.largest, std::sqrt(24.0), 1e-12);  // rank one: ‖W‖_F
    EXPECT_NEAR(null.jensenShannonDistance, 0, 1e-6);
    const Matrix zero{std::vector<double>(6, 0.0), 2, 3};
    EXPECT_EQ(permutationNull(zero, spectrumOf(zero), repeats(2), {torch()}, Progress()).above, 0);
}

TEST(PermutationNull, StopsWhenAsked) {
    class Stopped final : public Progress {
        bool stopRequested() const override { return true; }
    };
    const Matrix matrix = noise(4, 4, 9);
    try {
        permutationNull(matrix, spectrumOf(matrix), repeats(3), {torch()}, Stopped());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
    }
}

// Two bins, shares (1, 0) and (1/2, 1/2), M = (3/4, 1/4):
// ½ log₂(4/3) + ½ (½ log₂(2/3) + ½ log₂ 2).
TEST(JensenShannon, IsThatOfTheHistograms) {
    EXPECT_EQ(jensenShannonDistance({1, 2, 3}, {3, 2, 1}), 0);
    EXPECT_DOUBLE_EQ(jensenShannonDistance({0.1, 0.1}, {5, 6}), 1);
    EXPECT_NEAR(jensenShannonDistance({1, 1}, {1, 10}),
                std::sqrt(std::log2(4.0 / 3) / 2 + (std::log2(2.0 / 3) + 1) / 4), 1e-15);
    EXPECT_EQ(jensenShannonDistance({0}, {0, 0}), 0);
}

}  // namespace
}  // namespace rankscope::spectra
