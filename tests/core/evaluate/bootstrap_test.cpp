// SPDX-License-Identifier: Apache-2.0
// Expected values from the binomial and the normal distribution.
#include "core/evaluate/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace rankscope::evaluate {
namespace {

std::vector<double> ones(const std::vector<double>& values) {
    return std::vector<double>(values.size(), 1.0);
}

TEST(Bootstrap, OneValueHasNoSpread) {
    const std::vector<double> values = {0.25};
    const Interval interval = bootstrapMean(values, {});
    EXPECT_EQ(interval.low, 0.25);
    EXPECT_EQ(interval.high, 0.25);
}

TEST(Bootstrap, NoValuesGiveNoNumber) {
    const Interval interval = bootstrapMean({}, {});
    EXPECT_TRUE(std::isnan(interval.low));
    EXPECT_TRUE(std::isnan(interval.high));
}

// The sum of four draws from {0, 0, 0, 1} is binomial with p = 1/4: P(<= 0) = 0.316, P(<= 2) =
// 0.949, P(<= 3) = 0.996. So the 2.5 % quantile of the mean is 0 and the 97.5 % one is 3/4. At 80
// %: P(<= 1) = 0.738, so the 90 % quantile is 2/4.
TEST(Bootstrap, QuantilesAreThoseOfTheBinomialDistribution) {
    const std::vector<double> values = {0, 0, 0, 1};
    const Interval wide = bootstrapMean(values, {});
    EXPECT_EQ(wide.low, 0.0);
    EXPECT_EQ(wide.high, 0.75);
    const Interval narrow = bootstrapMean(values, {.level = 0.8});
    EXPECT_EQ(narrow.low, 0.0);
    EXPECT_EQ(narrow.high, 0.5);
}

// Of many values the mean of a resample is nearly normal with deviation s / sqrt(n), so the ends
// lie 1.96 of them from the mean. The 2.5 % quantile of 10,000 resamples itself has a standard
// error of sqrt(0.025 · 0.975 / 10,000) / φ(1.96) = 0.027 deviations; four of them are allowed.
TEST(Bootstrap, OfManyValuesIsTheNormalInterval) {
    std::vector<double> values(999);
    std::iota(values.begin(), values.end(), 0.0);  // mean 499, variance (999^2 - 1) / 12
    const double deviation = std::sqrt((999.0 * 999.0 - 1) / 12 / 999);
    for (const std::uint64_t seed : {0U, 1U, 2U}) {
        const Interval interval = bootstrapMean(values, {.seed = seed});
        EXPECT_NEAR(interval.low, 499 - 1.959964 * deviation, 0.11 * deviation);
        EXPECT_NEAR(interval.high, 499 + 1.959964 * deviation, 0.11 * deviation);
    }
}

TEST(Bootstrap, IsTheSameForASeedAndAnotherForAnother) {
    const std::vector<double> values = {0.1, 0.7, 0.3, 0.9, 0.2, 0.55, 0.42};
    const Interval once = bootstrapMean(values, {.seed = 3});
    const Interval again = bootstrapMean(values, {.seed = 3});
    EXPECT_EQ(once.low, again.low);
    EXPECT_EQ(once.high, again.high);
    const Interval other = bootstrapMean(values, {.seed = 4});
    EXPECT_FALSE(once.low == other.low && once.high == other.high);
}

TEST(Bootstrap, ARatioToOnesIsAMean) {
    const std::vector<double> values = {0.1, 0.7, 0.3, 0.9, 0.2};
    const Interval mean = bootstrapMean(values, {});
    const Interval ratio = bootstrapRatio(values, ones(values), {});
    EXPECT_DOUBLE_EQ(ratio.low, mean.low);
    EXPECT_DOUBLE_EQ(ratio.high, mean.high);
}

// Numerators three times their denominators: every resample's ratio is 3, whatever is drawn.
TEST(Bootstrap, DrawsNumeratorAndDenominatorTogether) {
    const std::vector<double> below = {1, 20, 3, 400};
    const std::vector<double> above = {3, 60, 9, 1200};
    const Interval interval = bootstrapRatio(above, below, {});
    EXPECT_DOUBLE_EQ(interval.low, 3);
    EXPECT_DOUBLE_EQ(interval.high, 3);
}

TEST(Bootstrap, ANumberThatIsNoneGivesNone) {
    const std::vector<double> values = {1, NAN, 2};
    EXPECT_TRUE(std::isnan(bootstrapMean(values, {}).low));
}

}  // namespace
}  // namespace rankscope::evaluate
