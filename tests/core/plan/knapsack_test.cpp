// SPDX-License-Identifier: Apache-2.0
#include "core/plan/knapsack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/base/error.h"

namespace rankscope::plan {
namespace {

using Classes = std::vector<std::vector<KnapsackItem>>;

/// The least loss within the budget by trying everything; infinity if nothing fits.
double bruteForce(const Classes& classes, std::size_t index, std::int64_t budget) {
    if (budget < 0) return std::numeric_limits<double>::infinity();
    if (index == classes.size()) return 0;
    double best = std::numeric_limits<double>::infinity();
    for (const KnapsackItem& item : classes[index])
        best = std::min(best, item.loss + bruteForce(classes, index + 1, budget - item.cost));
    return best;
}

TEST(Knapsack, EqualsBruteForce) {
    std::mt19937_64 random(5);
    int solved = 0;
    for (int round = 0; round < 1500; ++round) {
        Classes classes(1 + random() % 5);
        std::int64_t most = 0;
        const std::int64_t grid = round % 3 == 0 ? 6 : 1;
        for (auto& items : classes) {
            const std::size_t count = 1 + random() % 6;
            for (std::size_t i = 0; i < count; ++i)
                items.push_back({grid * static_cast<std::int64_t>(random() % 40),
                                 static_cast<double>(random() % 50) / (round % 2 == 0 ? 1 : 7)});
            most += grid * 40;
        }
        const auto budget = static_cast<std::int64_t>(random() % static_cast<std::size_t>(most));
        const double best = bruteForce(classes, 0, budget);
        if (!std::isfinite(best)) {
            EXPECT_THROW(solveKnapsack(classes, budget), Error);
            continue;
        }
        ++solved;
        const KnapsackSolution found = solveKnapsack(classes, budget);
        ASSERT_TRUE(found.exact);
        ASSERT_NEAR(found.loss, best, 1e-9) << "round " << round;
        ASSERT_NEAR(found.bound, best, 1e-9);
        std::int64_t cost = 0;
        double loss = 0;
        for (std::size_t c = 0; c < classes.size(); ++c) {
            cost += classes[c][found.picks[c]].cost;
            loss += classes[c][found.picks[c]].loss;
        }
        ASSERT_LE(cost, budget);
        ASSERT_EQ(cost, found.cost);
        ASSERT_DOUBLE_EQ(loss, found.loss);
    }
    EXPECT_GT(solved, 1000);
}

TEST(Knapsack, TakesAnItemUnderTheHull) {
    // By slope 0 -> 10 comes first in both classes, which leaves 5 of 15 unspent: loss 0 + 20 = 20.
    // One item of each at 7 or 8 loses 9 + 8, although 7 lies above the chord from 0 to 10.
    const Classes classes = {{{0, 20}, {7, 9}, {10, 0}}, {{0, 20}, {8, 8}, {10, 0}}};
    const KnapsackSolution found = solveKnapsack(classes, 15);
    EXPECT_EQ(found.picks, (std::vector<std::size_t>{1, 1}));
    EXPECT_EQ(found.loss, 17);
    EXPECT_EQ(found.cost, 15);
}

TEST(Knapsack, TakesTinyAndHugeLosses) {
    for (const double scale : {1e-310, 1e-300, 1e300}) {
        Classes classes = {{{0, 20}, {7, 9}, {10, 0}}, {{0, 20}, {8, 8}, {10, 0}}};
        for (auto& items : classes)
            for (KnapsackItem& item : items) item.loss *= scale;
        EXPECT_EQ(solveKnapsack(classes, 15).picks, (std::vector<std::size_t>{1, 1})) << scale;
    }
}

/// Matrices like those of Flan-T5-base: 144 of 768 x 768 and 72 of 768 x 2048, spectra
/// s_i = a (1 + i)^-p with a and p of their own, in relative error.
Classes flanLike(bool pivoted) {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> exponent(0.1, 0.9);
    Classes classes;
    for (int l = 0; l < 216; ++l) {
        const std::int64_t sides = 768 + (l < 144 ? 768 : 2048);
        const std::int64_t dense = 768 * (sides - 768);
        const double p = exponent(random);
        std::vector<double> tail(769, 0);
        for (int r = 767; r >= 0; --r) {
            const auto index = static_cast<std::size_t>(r);
            tail[index] = tail[index + 1] + std::pow(1.0 + r, -2 * p);
        }
        std::vector<KnapsackItem> items;
        for (std::int64_t r = 1; r < 768; ++r) {
            const std::int64_t cost = r * sides - (pivoted ? r * r : 0);
            if (cost < dense) items.push_back({cost, tail[static_cast<std::size_t>(r)] / tail[0]});
        }
        items.push_back({dense, 0});
        classes.push_back(std::move(items));
    }
    return classes;
}

TEST(Knapsack, CutShortStaysWithinTheBudgetAndTellsTheGap) {
    const Classes classes = flanLike(true);
    const auto budget = static_cast<std::int64_t>(0.9 * (144.0 * 768 * 768 + 72.0 * 768 * 2048));
    const KnapsackSolution best = solveKnapsack(classes, budget);
    const KnapsackSolution quick = solveKnapsack(classes, budget, 50);
    EXPECT_TRUE(best.exact);
    EXPECT_FALSE(quick.exact);
    EXPECT_LE(quick.cost, budget);
    EXPECT_GE(quick.loss, best.loss);
    EXPECT_LE(quick.bound, best.loss);
    EXPECT_LT(quick.loss - quick.bound, 1e-4 * quick.loss);
}

TEST(Knapsack, IsExactForAWholeModel) {
    for (const bool pivoted : {false, true}) {
        const Classes classes = flanLike(pivoted);
        for (const double share : {0.35, 0.5, 0.7, 0.9}) {
            const auto budget =
                static_cast<std::int64_t>(share * (144.0 * 768 * 768 + 72.0 * 768 * 2048));
            const KnapsackSolution found = solveKnapsack(classes, budget);
            EXPECT_TRUE(found.exact) << share;
            EXPECT_LE(found.cost, budget);
        }
    }
}

}  // namespace
}  // namespace rankscope::plan
