// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/fixed_point_gram.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace rankscope::torch_backend {
namespace {

constexpr double nothing = -7;  // the values below the diagonal before and after

struct Rows {
    std::int64_t rows = 0, width = 0, stride = 0;
    std::vector<float> values = {};
    float at(std::int64_t row, std::int64_t column) const {
        return values[static_cast<std::size_t>(row * stride + column)];
    }
};

struct Sums {
    std::vector<double> gram, absolute;
    bool finite = true;
    double at(const Rows& x, std::int64_t i, std::int64_t j) const {
        return gram[static_cast<std::size_t>(i * x.width + j)];
    }
};

/// Rows with features of very different sizes and a few large values, as activations have them.
Rows drawn(std::int64_t rows, std::int64_t width, std::int64_t stride, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    Rows x{rows, width, stride};
    std::vector<float> size;
    for (std::int64_t j = 0; j < width; ++j) size.push_back(std::exp(4 * normal(generator)));
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t j = 0; j < stride; ++j)
            x.values.push_back(j < width ? size[static_cast<std::size_t>(j)] * normal(generator) *
                                               (row % 97 == 5 ? 30 : 1)
                                         : std::numeric_limits<float>::quiet_NaN());
    return x;
}

Sums summed(const Rows& x, FixedPointGram& gram) {
    Sums sums;
    sums.gram.assign(static_cast<std::size_t>(x.width * x.width), nothing);
    sums.absolute.assign(static_cast<std::size_t>(x.width), 0);
    for (std::int64_t i = 0; i < x.width; ++i)
        for (std::int64_t j = i; j < x.width; ++j)
            sums.gram[static_cast<std::size_t>(i * x.width + j)] = 0;
    sums.finite = gram.add(x.values.data(), x.rows, x.width, x.stride, sums.gram.data(),
                           sums.absolute.data());
    return sums;
}

Sums summed(const Rows& x, GramPath path = GramPath::Portable) {
    FixedPointGram gram(path);
    return summed(x, gram);
}

double inner(const Rows& x, std::int64_t i, std::int64_t j) {
    long double sum = 0;
    for (std::int64_t row = 0; row < x.rows; ++row)
        sum += static_cast<long double>(x.at(row, i)) * static_cast<long double>(x.at(row, j));
    return static_cast<double>(sum);
}

// Integers below 2^22 times a power of two are not rounded: x = (3, -2^21 - 1), (0.5,
// 4), by hand 9 + (2^21 + 1)^2, 1.5 - 4 (2^21 + 1), 16.25.
TEST(FixedPointGram, WorkedByHand) {
    const Rows x{2, 2, 2, {3, 0.5F, -2097153, 4}};
    const Sums sums = summed(x);
    EXPECT_TRUE(sums.finite);
    EXPECT_EQ(sums.at(x, 0, 0), 9 + 2097153.0 * 2097153.0);
    EXPECT_EQ(sums.at(x, 0, 1), 1.5 - 4 * 2097153.0);
    EXPECT_EQ(sums.at(x, 1, 1), 16.25);
    EXPECT_EQ(sums.at(x, 1, 0), nothing);
    EXPECT_EQ(sums.absolute, (std::vector<double>{2097156, 4.5}));
}

/// δ, the most that rounding moves a value: half of a unit, of which the largest has at least
/// 8355711 / 2.
constexpr double halfUnit = 0.5 / (8355711 / 2.0);

/// |G̃_ij − Σ x_i x_j| <= Σ (δ_i |x_j| + δ_j |x_i| + δ_i δ_j), and if the roundings are chance,
/// uniform up to δ, of a standard deviation of at most √(2 (δ_i² Σ x_j² + δ_j² Σ x_i²) / 3).
TEST(FixedPointGram, DiffersFromTheInnerProductsByTheRoundingOfInputsAlone) {
    const Rows x = drawn(700, 85, 90, 1);
    const Sums sums = summed(x);
    std::vector<double> delta(85), absolute(85);
    for (std::int64_t row = 0; row < x.rows; ++row)
        for (std::size_t j = 0; j < 85; ++j) {
            const double magnitude = std::abs(double{x.at(row, static_cast<std::int64_t>(j))});
            delta[j] = std::max(delta[j], halfUnit * magnitude);
            absolute[j] += magnitude;
        }
    for (std::int64_t i = 0; i < 85; ++i) {
        const auto a = static_cast<std::size_t>(i);
        EXPECT_NEAR(sums.absolute[a], absolute[a], 1e-12 * absolute[a]);
        for (std::int64_t j = i; j < 85; ++j) {
            const auto b = static_cast<std::size_t>(j);
            const double rounding = 1e-15 * std::sqrt(inner(x, i, i) * inner(x, j, j));
            const double bound =
                delta[a] * absolute[b] + delta[b] * absolute[a] + 700 * delta[a] * delta[b];
            const double deviation = std::sqrt(
                (delta[a] * delta[a] * inner(x, j, j) + delta[b] * delta[b] * inner(x, i, i)) * 2 /
                3);
            const double exact = inner(x, i, j);
            EXPECT_NEAR(sums.at(x, i, j), exact, bound + rounding) << i << ' ' << j;
            EXPECT_NEAR(sums.at(x, i, j), exact, 6 * deviation + rounding) << i << ' ' << j;
        }
    }
}

// Sums of integers do not depend on their order: rows turned round, the same bits.
TEST(FixedPointGram, SumsAreExact) {
    const Rows x = drawn(1500, 40, 40, 2);
    Rows turned{1500, 40, 40};
    for (std::int64_t row = 1500; row-- > 0;)
        for (std::int64_t j = 0; j < 40; ++j) turned.values.push_back(x.at(row, j));
    EXPECT_EQ(summed(x).gram, summed(turned).gram);
}

// It is the Gram matrix of real rows: features that differ only in sign stay so, to the bit.
TEST(FixedPointGram, KeepsOppositeFeaturesOpposite) {
    Rows x = drawn(600, 3, 3, 3);
    for (std::int64_t row = 0; row < x.rows; ++row)
        x.values[static_cast<std::size_t>(row * 3 + 1)] = -x.at(row, 0);
    const Sums sums = summed(x);
    EXPECT_EQ(sums.at(x, 0, 0), sums.at(x, 1, 1));
    EXPECT_EQ(sums.at(x, 0, 1), -sums.at(x, 0, 0));
    EXPECT_EQ(sums.at(x, 0, 2), -sums.at(x, 1, 2));
}

TEST(FixedPointGram, AddsToWhatIsThere) {
    const Rows x = drawn(70, 20, 20, 4);
    FixedPointGram gram(GramPath::Portable);
    Sums sums = summed(x, gram);
    const Sums once = sums;
    ASSERT_TRUE(gram.add(x.values.data(), 70, 20, 20, sums.gram.data(), sums.absolute.data()));
    for (std::size_t i = 0; i < sums.gram.size(); ++i)
        EXPECT_EQ(sums.gram[i], once.gram[i] == nothing ? nothing : 2 * once.gram[i]);
}

TEST(FixedPointGram, OfFewTinyHugeAndNoValues) {
    const Rows zero{3, 2, 2, {0, 0, 0, -0.0F, 0, 0}};
    EXPECT_EQ(summed(zero).at(zero, 0, 1), 0);
    const float tiny = std::numeric_limits<float>::min(), huge = std::numeric_limits<float>::max();
    const Rows extremes{1, 2, 2, {tiny, huge}};
    const Sums sums = summed(extremes);
    EXPECT_NEAR(sums.at(extremes, 1, 1) / (double{huge} * huge), 1, 1e-6);
    EXPECT_NEAR(sums.at(extremes, 0, 1) / (double{tiny} * huge), 1, 1e-6);
    EXPECT_EQ(summed(Rows{0, 2, 2}).at(zero, 0, 0), 0);
}

TEST(FixedPointGram, RefusesWhatIsNoNumber) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
        for (const GramPath path : {GramPath::Portable, GramPath::Amx}) {
            if (path == GramPath::Amx && !FixedPointGram::fast()) continue;
            const Rows x{2, 2, 2, {1, 2, 3, bad}};
            const Sums sums = summed(x, path);
            EXPECT_FALSE(sums.finite) << nameOf(path);
            EXPECT_EQ(sums.at(x, 0, 0), 0);
        }
}

TEST(FixedPointGram, NumberOfThreadsChangesNoBit) {
    const Rows x = drawn(1100, 600, 600, 5);
    const GramPath path = FixedPointGram::fast() ? GramPath::Amx : GramPath::Portable;
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    const Sums one = summed(x, path);
    omp_set_num_threads(3);
    const Sums three = summed(x, path);
    omp_set_num_threads(before);
    EXPECT_EQ(one.gram, three.gram);
    EXPECT_EQ(one.absolute, three.absolute);
}

/// Widths below, at and beyond tiles and blocks; the same for rows.
TEST(FixedPointGram, AmxGivesTheBitsOfThePortablePath) {
    if (!FixedPointGram::fast())
        GTEST_SKIP() << "This processor, or this system, has no AMX; the portable path is tested.";
    for (const std::int64_t width : {1, 15, 16, 33, 256, 300})
        for (const std::int64_t rows : {1, 63, 64, 257, 700}) {
            const Rows x = drawn(rows, width, width + 3, static_cast<unsigned>(width + rows));
            const Sums portable = summed(x), amx = summed(x, GramPath::Amx);
            EXPECT_EQ(portable.gram, amx.gram) << rows << " x " << width;
            EXPECT_EQ(portable.absolute, amx.absolute) << rows << " x " << width;
        }
}

}  // namespace
}  // namespace rankscope::torch_backend
