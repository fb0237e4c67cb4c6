// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/power_law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/random.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::spectra {
namespace {

/// x = u^(-1 / (alpha - 1)): density (alpha - 1) x^-alpha from 1 on.
std::vector<double> paretoDraws(std::size_t count, double alpha, std::uint64_t seed) {
    RandomNumbers random(seed);
    std::vector<double> draws(count);
    for (double& draw : draws) draw = std::pow(1 - random.uniform(), -1 / (alpha - 1));
    return draws;
}

TEST(PowerLaw, FindsTheExponentOfParetoDraws) {
    for (const double alpha : {2.0, 3.0}) {
        const PowerLawFit fit = fitPowerLaw(paretoDraws(20'000, alpha, 7));
        ASSERT_FALSE(fit.failed);
        EXPECT_NEAR(fit.alpha, alpha, 2 * fit.standardError);
        EXPECT_DOUBLE_EQ(fit.standardError,
                         (fit.alpha - 1) / std::sqrt(static_cast<double>(fit.tail)));
        // The critical distance at 5 %, known parameters: 1.36 / √k.
        EXPECT_LT(fit.ksDistance, 1.36 / std::sqrt(static_cast<double>(fit.tail)));
    }
}

// ln x = 0, 1, 2. From 1: alpha = 1 + 3/3, distance at e: 1 - e^-1 - 1/3.
// From e: alpha = 1 + 2/1, distance at e²: 1 - e^-2 - 1/2.
TEST(PowerLaw, SolvesThreeValuesAsByHand) {
    const double e = std::exp(1.0);
    const std::vector<double> values = {e * e, 1, e};
    const PowerLawFit fit = fitPowerLaw(values, 2);
    ASSERT_FALSE(fit.failed);
    ASSERT_EQ(fit.scan.size(), 2U);
    EXPECT_DOUBLE_EQ(fit.scan[0].xMin, 1);
    EXPECT_NEAR(fit.scan[0].alpha, 2, 1e-14);
    EXPECT_NEAR(fit.scan[0].ksDistance, 1 - 1 / e - 1.0 / 3, 1e-14);
    EXPECT_EQ(fit.scan[0].tail, 3);
    EXPECT_DOUBLE_EQ(fit.scan[1].xMin, e);
    EXPECT_NEAR(fit.scan[1].alpha, 3, 1e-14);
    EXPECT_NEAR(fit.scan[1].ksDistance, 0.5 - 1 / (e * e), 1e-14);
    EXPECT_EQ(fit.scan[1].tail, 2);
    EXPECT_DOUBLE_EQ(fit.xMin, 1);
    EXPECT_NEAR(fit.alpha, 2, 1e-14);
    EXPECT_NEAR(fit.standardError, 1 / std::sqrt(3.0), 1e-14);
    EXPECT_EQ(fit.tail, 3);
}

// With tails of the same thousands of values whatever is drawn, the bootstrap knows no more than
// the formula (alpha - 1) / √k; if x_min moves it is larger.
TEST(AlphaBootstrap, OfAPureLawIsTheFormulasErrorOrMore) {
    const std::vector<double> values = paretoDraws(600, 2.5, 11);
    const PowerLawFit fit = fitPowerLaw(values);
    const AlphaBootstrap bootstrap = bootstrapAlpha(values, {300, 5, 2});
    ASSERT_FALSE(bootstrap.failed);
    EXPECT_EQ(bootstrap.fitted, 300);
    EXPECT_GT(bootstrap.deviation, 0.8 * 1.5 / std::sqrt(600.0));
    EXPECT_LT(bootstrap.deviation, 10 * fit.standardError);
    EXPECT_LT(bootstrap.low, fit.alpha);
    EXPECT_GT(bootstrap.high, fit.alpha);
    EXPECT_LT(bootstrap.low, 2.5);
    EXPECT_GT(bootstrap.high, 2.5);
}

// Two values of 2 and one of 1, tails of at least ten: by hand there is no fit, in any resample.
TEST(AlphaBootstrap, OfTooFewOrEqualValuesHasFailed) {
    for (const std::vector<double>& values :
         {std::vector<double>{1, 2, 2}, std::vector<double>(30, 4.0), std::vector<double>{}}) {
        const AlphaBootstrap bootstrap = bootstrapAlpha(values, {20, 1, 1});
        EXPECT_TRUE(bootstrap.failed);
        EXPECT_EQ(bootstrap.fitted, 0);
        EXPECT_EQ(bootstrap.resamples, 20);
    }
}

TEST(AlphaBootstrap, DependsOnTheSeedAloneNotOnThreads) {
    const std::vector<double> values = paretoDraws(80, 3, 2);
    const AlphaBootstrap one = bootstrapAlpha(values, {40, 3, 1});
    const AlphaBootstrap four = bootstrapAlpha(values, {40, 3, 4});
    EXPECT_EQ(one.deviation, four.deviation);
    EXPECT_EQ(one.low, four.low);
    EXPECT_NE(one.deviation, bootstrapAlpha(values, {40, 4, 1}).deviation);
}

/// Of 2000 resamples here and 3000 there a standard deviation is known to about 1/√(2 · 1200), 2 %;
/// alpha's tails are longer than normal, so 8 % are granted, and quantiles 0.15 deviations.
TEST(AlphaBootstrap, AgreesWithNumpy) {
    const Json goldens = Json::parse(fixtures::readFile(POWER_LAW_GOLDENS));
    ASSERT_EQ(goldens["bootstraps"].size(), 2U);
    for (const Json& expected : goldens["bootstraps"]) {
        SCOPED_TRACE(expected["name"].get<std::string>());
        const AlphaBootstrap bootstrap =
            bootstrapAlpha(expected["values"].get<std::vector<double>>(), {2000, 9, 2});
        const double deviation = expected["deviation"];
        EXPECT_NEAR(bootstrap.deviation, deviation, 0.08 * deviation);
        EXPECT_NEAR(bootstrap.low, expected["low"].get<double>(), 0.15 * deviation);
        EXPECT_NEAR(bootstrap.high, expected["high"].get<double>(), 0.3 * deviation);
    }
}

TEST(AlphaBootstrap, StopsWhenAsked) {
    class Stopping : public Progress {
     public:
        bool stopRequested() const override { return true; }
    };
    EXPECT_THROW(bootstrapAlpha(paretoDraws(50, 3, 2), {40, 3, 2}, Stopping()), Error);
}

TEST(PowerLaw, AgreesWithThePackagePowerlaw) {
    const Json goldens = Json::parse(fixtures::readFile(POWER_LAW_GOLDENS));
    ASSERT_EQ(goldens["cases"].size(), 4U);
    for (const Json& expected : goldens["cases"]) {
        SCOPED_TRACE(expected["name"].get<std::string>());
        const PowerLawFit fit = fitPowerLaw(expected["values"].get<std::vector<double>>());
        ASSERT_FALSE(fit.failed);
        EXPECT_NEAR(fit.alpha, expected["alpha"].get<double>(), 1e-9);
        EXPECT_NEAR(fit.standardError, expected["standard_error"].get<double>(), 1e-9);
        EXPECT_DOUBLE_EQ(fit.xMin, expected["x_min"].get<double>());
        EXPECT_NEAR(fit.ksDistance, expected["ks_distance"].get<double>(), 1e-12);
        EXPECT_EQ(fit.tail, expected["tail"]);
        EXPECT_EQ(fit.scan.size(), expected["candidates"]);
    }
}

TEST(PowerLaw, AgreesWithWeightWatcher) {
    const backend::Backend& backend = backend::loadBackend({.threads = 1});
    const Json goldens = Json::parse(fixtures::readFile(WEIGHTWATCHER_GOLDENS));
    ASSERT_EQ(goldens["cases"].size(), 2U);
    for (const Json& expected : goldens["cases"]) {
        SCOPED_TRACE(expected["name"].get<std::string>());
        Matrix weight{{}, expected["rows"], expected["columns"]};
        for (const Json& entry : expected["entries"])
            weight.values.push_back(entry.get<double>() / 64);
        const auto values = backend.algebra({}).singularValues(weight).values;
        const Spectrum spectrum("w", weight.rows, weight.columns, values);
        const bool shorter = expected["num_pl_spikes"] < smallestPowerLawTail;
        const PowerLawFit fit =
            shorter ? fitPowerLaw(fittedEigenvalues(spectrum), 2) : fitPowerLaw(spectrum);
        ASSERT_FALSE(fit.failed);
        // float32 singular values are good to 1e-6 of the largest.
        EXPECT_NEAR(fit.alpha, expected["alpha"].get<double>(), 1e-4);
        EXPECT_NEAR(fit.standardError, expected["sigma"].get<double>(), 1e-4);
        EXPECT_NEAR(fit.xMin / expected["xmin"].get<double>(), 1, 1e-5);
        EXPECT_NEAR(fit.ksDistance, expected["D"].get<double>(), 1e-4);
        EXPECT_EQ(fit.tail, expected["num_pl_spikes"]);
        if (shorter) EXPECT_GE(fitPowerLaw(spectrum).tail, smallestPowerLawTail);
    }
}

TEST(PowerLaw, SaysWhyAFitFailed) {
    const auto reasonOf = [](const std::vector<double>& values) {
        const PowerLawFit fit = fitPowerLaw(values);
        EXPECT_TRUE(fit.failed);
        EXPECT_EQ(fit.alpha, 0);
        EXPECT_TRUE(fit.scan.empty());
        return fit.reason;
    };
    EXPECT_THAT(reasonOf({}), testing::HasSubstr("no value above 0"));
    EXPECT_THAT(reasonOf(std::vector<double>(50, 0.0)), testing::HasSubstr("no value above 0"));
    std::vector<double> few(50, 0.0);
    std::fill_n(few.begin(), 9, 3.0);
    EXPECT_THAT(reasonOf(few), testing::HasSubstr("9 of the 10 needed"));
    EXPECT_THAT(reasonOf(std::vector<double>(50, 2.0)), testing::HasSubstr("All values are equal"));
    std::vector<double> rounded(50, 2.0);
    rounded[0] = std::nextafter(2.0, 3.0);
    EXPECT_THAT(reasonOf(rounded), testing::HasSubstr("All values are equal"));
    EXPECT_THAT(reasonOf(std::vector<double>(50, std::numeric_limits<double>::quiet_NaN())),
                testing::HasSubstr("no value above 0"));
}

TEST(PowerLaw, TakesEigenvaluesWithinTheNumericalRank) {
    std::vector<double> values;
    for (int i = 1; i <= 20; ++i) values.push_back(1.0 / i);
    std::vector<double> squares;
    for (const double value : values) squares.push_back(value * value);
    const PowerLawFit plain = fitPowerLaw(squares);
    values.insert(values.end(), 20, 1e-17);  // rounding noise of a matrix of rank 20
    const PowerLawFit fit = fitPowerLaw(Spectrum("w", 40, 50, values));
    EXPECT_EQ(fit.scan.size(), plain.scan.size());
    EXPECT_EQ(fit.alpha, plain.alpha);
    EXPECT_TRUE(fitPowerLaw(Spectrum("w", 12, 12, std::vector<double>(12, 0.0))).failed);
    EXPECT_TRUE(fitPowerLaw(Spectrum("i", 12, 12, std::vector<double>(12, 1.0))).failed);
}

}  // namespace
}  // namespace rankscope::spectra
