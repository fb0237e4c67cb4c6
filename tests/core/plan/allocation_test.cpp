// SPDX-License-Identifier: Apache-2.0
#include "core/plan/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "core/base/error.h"
#include "core/plan/plan.h"
#include "tests/core/plan/allocation_fixture.h"

namespace rankscope::plan {
namespace {

TEST(RankChoices, AreWhatTheStorageStores) {
    // 4 x 6: factored 10 r, pivoted r (10 - r), dense 24. Squared errors 14, 5, 1, 0, 0.
    const std::vector<AllocationMatrix> one = {matrixOf(4, 6, {3, 2, 1})};
    const auto numbers = [&](std::string_view name, const PlanOptions& options) {
        std::vector<std::vector<double>> rows;
        const auto choices = rankChoices(allocatorNamed(name), one, options);
        for (const RankChoice& c : choices[0])
            rows.push_back({static_cast<double>(c.rank), static_cast<double>(c.parameters),
                            c.squaredError, c.leftDense ? 1.0 : 0.0});
        return rows;
    };
    using Rows = std::vector<std::vector<double>>;
    EXPECT_EQ(numbers("water-filling", optionsFor(StorageChoice::Factored)),
              (Rows{{1, 10, 5, 0}, {2, 20, 1, 0}, {4, 24, 0, 1}}));
    EXPECT_EQ(numbers("uniform", optionsFor(StorageChoice::Factored)),
              (Rows{{1, 10, 5, 0}, {2, 20, 1, 0}}));
    EXPECT_EQ(numbers("water-filling", optionsFor(StorageChoice::Pivoted)),
              (Rows{{1, 9, 5, 0}, {2, 16, 1, 0}, {3, 21, 0, 0}, {4, 24, 0, 1}}));
    // auto keeps the matrix at full rank by itself.
    EXPECT_EQ(numbers("energy", optionsFor(StorageChoice::Auto, 3)),
              (Rows{{3, 21, 0, 0}, {4, 24, 0, 0}}));
    PlanOptions high = optionsFor(StorageChoice::Factored);
    high.minRank = 3;
    EXPECT_EQ(numbers("water-filling", high), (Rows{{4, 24, 0, 1}}));
    EXPECT_EQ(numbers("uniform", high), (Rows{{3, 30, 0, 0}}));
}

TEST(RankChoices, KeepTheFloorsAndCapsOfAMatrix) {
    std::vector<AllocationMatrix> one = {matrixOf(8, 8, {8, 7, 6, 5, 4, 3, 2, 1})};
    one[0].minRank = 2;
    one[0].maxRank = 4;
    const auto choices =
        rankChoices(allocatorNamed("energy"), one, optionsFor(StorageChoice::Pivoted))[0];
    EXPECT_EQ(choices.front().rank, 2);
    EXPECT_EQ(choices.back().rank, 4);
    EXPECT_FALSE(choices.back().leftDense);
}

TEST(Allocation, EnergyKeepsTheLargestCommonThreshold) {
    // Energies (4 x 4, pivoted 7, 12, 15, 16): first 64, 80, 96, 100 %, second 40, 70, 90, 100 %.
    const std::vector<AllocationMatrix> two = {
        matrixOf(4, 4, {8, 4, 4, 2}), matrixOf(4, 4, {2, std::sqrt(3.0), std::sqrt(2.0), 1})};
    const auto ranks = [&](std::int64_t allowed) {
        return ranksOf(
            allocate(allocatorNamed("energy"), two, allowed, optionsFor(StorageChoice::Pivoted)));
    };
    EXPECT_EQ(ranks(14), (std::vector<std::int64_t>{1, 1}));
    EXPECT_EQ(ranks(19), (std::vector<std::int64_t>{1, 2}));  // E 0.64
    // 0.7 would need 12 + 12; of the 4 left the second's step costs 3.
    EXPECT_EQ(ranks(23), (std::vector<std::int64_t>{1, 3}));
    EXPECT_EQ(ranks(24), (std::vector<std::int64_t>{2, 2}));  // E 0.7
    EXPECT_EQ(ranks(27), (std::vector<std::int64_t>{2, 3}));  // E 0.8
}

TEST(Allocation, EffectiveRankFollowsItsFormula) {
    // k = P sqrt(e / w) / Σ sqrt(e w): equal values give e = their number, so e = 900 and 225
    // with w = 2000 and 4000 at P = 400,000: sqrt(e w) = 1341.64 and 948.68, t = 174.64,
    // k = 117.15 and 41.42.
    std::vector<double> wide(1000, 0.0);
    std::fill_n(wide.begin(), 900, 2.0);
    std::vector<double> narrow(1000, 0.0);
    std::fill_n(narrow.begin(), 225, 5.0);
    const std::vector<AllocationMatrix> two = {matrixOf(1000, 1000, wide),
                                               matrixOf(1000, 3000, narrow)};
    const Allocation found = allocate(allocatorNamed("effective-rank"), two, 400'000,
                                      optionsFor(StorageChoice::Factored));
    // Rounded down 117 and 41, then the 2000 left pay one more rank of the first.
    EXPECT_EQ(ranksOf(found), (std::vector<std::int64_t>{118, 41}));
    EXPECT_EQ(parametersOf(found), 400'000);
}

TEST(Allocation, EffectiveRankSharesWhatHeldMatricesLeave) {
    std::mt19937_64 random(8);
    std::vector<AllocationMatrix> matrices;
    std::vector<double> values(400);
    for (int l = 0; l < 12; ++l) {
        const double power = 0.1 + 0.08 * l;
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = std::pow(1.0 + static_cast<double>(i), -power);
        matrices.push_back(matrixOf(400, 400 + 100 * (l % 4), values));
    }
    matrices[0].maxRank = 20;
    matrices[1].minRank = 150;
    const std::int64_t allowed = 12 * 400 * 150;
    const Allocation found = allocate(allocatorNamed("effective-rank"), matrices, allowed,
                                      optionsFor(StorageChoice::Factored));
    EXPECT_LE(parametersOf(found), allowed);
    EXPECT_GT(parametersOf(found), allowed - 1100);  // less than one rank of the largest left
    EXPECT_EQ(found.choices[0].rank, 20);
    EXPECT_EQ(found.choices[1].rank, 150);
    // k² w / e is the same for all others, except for rounding down and one step of the rest.
    double low = 0;
    double high = std::numeric_limits<double>::infinity();
    for (std::size_t l = 2; l < matrices.size(); ++l) {
        double sum = 0;
        for (const double s : matrices[l].importance) sum += s;
        double entropy = 0;
        for (const double s : matrices[l].importance) entropy -= s / sum * std::log(s / sum);
        const auto w = static_cast<double>(400 + matrices[l].matrix.columns);
        const auto number = [&](double k) { return k * k * w / std::exp(entropy); };
        const auto rank = static_cast<double>(found.choices[l].rank);
        low = std::max(low, number(rank - 1));
        high = std::min(high, number(rank + 1));
        EXPECT_FALSE(found.choices[l].leftDense);
    }
    EXPECT_LE(low, high);
}

TEST(Allocation, WaterFillingEqualsBruteForce) {
    std::mt19937_64 random(21);
    int solved = 0;
    for (int round = 0; round < 1200; ++round) {
        const auto matrices = randomMatrices(1 + random() % 4, 9, random);
        PlanOptions options = optionsFor(std::array{StorageChoice::Auto, StorageChoice::Factored,
                                                    StorageChoice::Pivoted}[random() % 3],
                                         1 + static_cast<std::int64_t>(random() % 3));
        options.allocationError = round % 2 == 0 ? "relative" : "raw";
        std::int64_t dense = 0;
        for (const auto& m : matrices) dense += m.matrix.rows * m.matrix.columns;
        const auto allowed =
            1 + static_cast<std::int64_t>(random() % static_cast<std::size_t>(dense));
        std::vector<RankChoice> picked(matrices.size());
        const double best = bruteForce(matrices, alone(matrices.size()), picked, allowed, options);
        const Allocator& allocator = allocatorNamed("water-filling");
        if (!std::isfinite(best)) {
            EXPECT_THROW(allocate(allocator, matrices, allowed, options), Error);
            continue;
        }
        ++solved;
        const Allocation found = allocate(allocator, matrices, allowed, options);
        EXPECT_LE(parametersOf(found), allowed);
        EXPECT_TRUE(found.warnings.empty());
        EXPECT_NEAR(objective(matrices, found.choices, options.allocationError == "relative"), best,
                    1e-9 * (1 + best))
            << round;
    }
    EXPECT_GT(solved, 200);
}

TEST(Allocation, StaysWithinTheBudgetAndWaterFillingLosesLeast) {
    std::mt19937_64 random(4);
    for (int round = 0; round < 60; ++round) {
        const auto matrices = randomMatrices(20, 40, random);
        const PlanOptions options = optionsFor(
            round % 2 == 0 ? StorageChoice::Auto : StorageChoice::Factored, 1 + round % 4);
        std::int64_t dense = 0;
        for (const auto& m : matrices) dense += m.matrix.rows * m.matrix.columns;
        const auto allowed = static_cast<std::int64_t>(
            static_cast<double>(dense) * (0.55 + 0.45 * static_cast<double>(random() % 100) / 100));
        std::map<std::string_view, double> losses;
        for (const Allocator& allocator : allocators()) {
            const auto choices = rankChoices(allocator, matrices, options);
            if (leastParameters(choices) > allowed) continue;
            const Allocation found = allocate(allocator, matrices, allowed, options);
            EXPECT_LE(parametersOf(found), allowed) << allocator.name;
            losses[allocator.name] = objective(matrices, found.choices, true);
        }
        ASSERT_TRUE(losses.contains("water-filling"));
        for (const auto& [name, loss] : losses)
            EXPECT_LE(losses["water-filling"], loss + 1e-12) << name;
    }
}

TEST(Allocation, NamesWhatThereIs) {
    try {
        allocatorNamed("magic");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        EXPECT_THAT(error.what(),
                    testing::HasSubstr("uniform, energy, effective-rank, water-fill"));
    }
}

}  // namespace
}  // namespace rankscope::plan
