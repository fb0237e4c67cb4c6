// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <random>

#include "core/base/error.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"
#include "tests/core/plan/allocation_fixture.h"

namespace rankscope::plan {
namespace {

using checkpoint::Role;
using checkpoint::Stack;
using checkpoint::Sublayer;
using Ranks = std::vector<std::int64_t>;

PlanOptions byType(PlanOptions options) {
    options.groups = "type";
    return options;
}

/// Matrices of a few types, the members of each scattered over the model.
struct TypedMatrices {
    std::vector<AllocationMatrix> matrices;
    AllocationGroups groups;
};

TypedMatrices randomTypes(std::size_t types, std::size_t mostMembers, std::int64_t largest,
                          std::mt19937_64& random) {
    constexpr std::array roles = {Role::Q, Role::K, Role::V, Role::O, Role::Wi0, Role::Wo};
    std::vector<AllocationMatrix> all;
    for (std::size_t t = 0; t < types; ++t) {
        AllocationMatrix first = randomMatrices(1, largest, random).front();
        first.matrix.role = roles[t % roles.size()];
        first.matrix.stack = t < roles.size() ? Stack::Encoder : Stack::Decoder;
        for (std::size_t m = 0, members = 1 + random() % mostMembers; m < members; ++m) {
            first.importance = fallingNumbers(first.importance.size(), random);
            first.weight = static_cast<double>(1 + random() % 5);
            first.matrix.block = static_cast<int>(m);
            all.push_back(first);
        }
    }
    std::ranges::shuffle(all, random);
    TypedMatrices typed;
    std::map<std::pair<Stack, Role>, std::size_t> known;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto type = std::pair(all[i].matrix.stack, all[i].matrix.role);
        const std::size_t group = known.try_emplace(type, typed.groups.size()).first->second;
        if (group == typed.groups.size()) typed.groups.emplace_back();
        typed.groups[group].push_back(i);
    }
    typed.matrices = std::move(all);
    return typed;
}

/// Any storage, errors, multiple, floor and cap that together permit a rank.
PlanOptions randomOptions(std::mt19937_64& random) {
    PlanOptions options = optionsFor(std::array{StorageChoice::Auto, StorageChoice::Factored,
                                                StorageChoice::Pivoted}[random() % 3],
                                     1 + static_cast<std::int64_t>(random() % 3));
    options.allocationError = random() % 2 == 0 ? "relative" : "raw";
    if (random() % 3 == 0) options.minRank = 1 + static_cast<std::int64_t>(random() % 4);
    if (random() % 2 == 0) {
        const std::int64_t lowest =
            (options.minRank + options.multipleOf - 1) / options.multipleOf * options.multipleOf;
        options.maxRank = lowest + static_cast<std::int64_t>(random() % 6);
    }
    return options;
}

std::int64_t denseParameters(const std::vector<AllocationMatrix>& matrices) {
    std::int64_t sum = 0;
    for (const auto& m : matrices) sum += m.matrix.rows * m.matrix.columns;
    return sum;
}

void expectBounds(const TypedMatrices& typed, const Allocation& found, const PlanOptions& options) {
    for (std::size_t i = 0; i < found.choices.size(); ++i) {
        const RankChoice& choice = found.choices[i];
        EXPECT_LE(choice.rank, options.maxRank);
        EXPECT_GE(choice.rank, std::min(options.minRank, typed.matrices[i].matrix.fullRank()));
        if (options.maxRank < typed.matrices[i].matrix.fullRank()) EXPECT_FALSE(choice.leftDense);
    }
    if (options.groups == "none") return;
    for (const auto& group : typed.groups)
        for (const std::size_t place : group) {
            EXPECT_EQ(found.choices[place].rank, found.choices[group.front()].rank);
            EXPECT_EQ(found.choices[place].leftDense, found.choices[group.front()].leftDense);
        }
}

TEST(AllocationGroups, AreOneStackSublayerRoleShapeAndStoredForm) {
    std::vector<AllocationMatrix> matrices(8, matrixOf(6, 4, {}));
    matrices[1].matrix.stack = Stack::Decoder;
    matrices[2].matrix.sublayer = Sublayer::CrossAttention;
    matrices[3].matrix.role = Role::K;
    matrices[4].matrix.columns = 5;
    matrices[5].matrix.storage = checkpoint::Storage::Factored;
    matrices[5].matrix.rank = 3;
    matrices[6].matrix.block = 7;
    EXPECT_EQ(allocationGroups(matrices, byType({})),
              (AllocationGroups{{0, 6, 7}, {1}, {2}, {3}, {4}, {5}}));
    EXPECT_EQ(allocationGroups(matrices, {}), alone(8));
    // The bounds of one member are those of all.
    matrices = {matrixOf(8, 8, {}), matrixOf(8, 8, {}), matrixOf(8, 8, {})};
    matrices[1].minRank = 2;
    matrices[2].maxRank = 4;
    for (const RankChoices& of : rankChoices(allocatorNamed("energy"), matrices,
                                             byType(optionsFor(StorageChoice::Pivoted)))) {
        EXPECT_EQ(of.front().rank, 2);
        EXPECT_EQ(of.back().rank, 4);
    }
}

/// Pivoted 4 x 4: 7, 12, 15, 16 (dense). Squared errors at ranks 1 to 4: the first q 5, 1, 0, 0,
/// the second 1, 0, 0, 0, together 6, 1, 0, 0 at 14, 24, 30, 32; k 12, 8, 4, 0.
std::vector<AllocationMatrix> twoAndOne() {
    std::vector<AllocationMatrix> matrices = {matrixOf(4, 4, {3, 2, 1}), matrixOf(4, 4, {3, 1}),
                                              matrixOf(4, 4, {4, 2, 2, 2})};
    matrices[2].matrix.role = Role::K;
    return matrices;
}

TEST(AllocationGroups, AreDistributedAsWorkedOutByHand) {
    const auto ranks = [](const char* name, std::int64_t allowed, const char* groups) {
        PlanOptions options = optionsFor(StorageChoice::Pivoted);
        options.allocationError = "raw";
        options.groups = groups;
        return ranksOf(allocate(allocatorNamed(name), twoAndOne(), allowed, options));
    };
    // 38: 14 + 16 loses 6, 24 + 12 loses 9; each alone 15 + 7 + 16 loses 1.
    EXPECT_EQ(ranks("water-filling", 38, "type"), (Ranks{1, 1, 4}));
    EXPECT_EQ(ranks("water-filling", 38, "none"), (Ranks{3, 1, 4}));
    EXPECT_EQ(ranks("water-filling", 39, "type"), (Ranks{2, 2, 3}));  // 24 + 15 loses 5
    // 1 - E at ranks 1 to 3: q (5/14 + 1/10)/2 = 0.229, (1/14)/2 = 0.036, 0; k 0.429, 0.286, 0.143.
    // Of 38 - 21 k takes 5 and 3, then q's 10 do not fit and k takes one step of the rest.
    EXPECT_EQ(ranks("energy", 38, "type"), (Ranks{1, 1, 4}));
    EXPECT_EQ(ranks("energy", 39, "type"), (Ranks{2, 2, 3}));
    // Rank 2 for all is 36; a step of both q costs 6, of one q or of k 3.
    EXPECT_EQ(ranks("uniform", 39, "type"), (Ranks{2, 2, 3}));
    EXPECT_EQ(ranks("uniform", 39, "none"), (Ranks{3, 2, 2}));
    EXPECT_EQ(ranks("uniform", 42, "type"), (Ranks{3, 3, 2}));
}

TEST(AllocationGroups, ShareTheMeanEffectiveRank) {
    // q: e = 900 and 100, mean 500, w = 2000: k = 0.5 t. k: e = 225, w = 4000: k = 0.23717 t.
    // 600,000 = 2 · 2000 · 0.5 t + 4000 · 0.23717 t: t = 203.48, k = 101.74 and 48.26. Rounded down
    // 596,000 are stored; the rest pays one step of both q.
    const auto equal = [](std::ptrdiff_t count) {
        std::vector<double> values(1000, 0.0);
        std::fill_n(values.begin(), count, 3.0);
        return values;
    };
    std::vector<AllocationMatrix> matrices = {matrixOf(1000, 1000, equal(900)),
                                              matrixOf(1000, 3000, equal(225)),
                                              matrixOf(1000, 1000, equal(100))};
    matrices[1].matrix.role = Role::K;
    const Allocation found = allocate(allocatorNamed("effective-rank"), matrices, 600'000,
                                      byType(optionsFor(StorageChoice::Factored)));
    EXPECT_EQ(ranksOf(found), (Ranks{102, 48, 102}));
    EXPECT_EQ(parametersOf(found), 600'000);
}

TEST(AllocationCaps, AreDistributedAsWorkedOutByHand) {
    PlanOptions options = optionsFor(StorageChoice::Pivoted);
    options.allocationError = "raw";
    options.maxRank = 3;
    const auto found = [&](const char* name, std::int64_t allowed) {
        return allocate(allocatorNamed(name), twoAndOne(), allowed, options);
    };
    // 38: 15 + 7 + 16 of the uncapped is not permitted; 12 + 7 + 15 loses 1 + 1 + 4, 15 + 7 + 15
    // loses 0 + 1 + 4.
    EXPECT_EQ(ranksOf(found("water-filling", 38)), (Ranks{3, 1, 3}));
    // With all the parameters there are, every rank is at the cap, or at one that loses nothing,
    // and no matrix is unchanged.
    for (const Allocator& allocator : allocators()) {
        const Allocation all = found(allocator.name.data(), 48);
        EXPECT_EQ(all.choices[0].rank, 3) << allocator.name;
        EXPECT_GE(all.choices[1].rank, 2) << allocator.name;
        EXPECT_EQ(all.choices[2].rank, 3) << allocator.name;
        for (const RankChoice& choice : all.choices) EXPECT_FALSE(choice.leftDense);
    }
    // 8 x 8, multiples of 3: a cap of 7 permits 3 and 6, one of 8 (full) 8 too.
    const std::vector<AllocationMatrix> one = {matrixOf(8, 8, {})};
    const auto ranks = [&](std::int64_t most) {
        PlanOptions capped = optionsFor(StorageChoice::Pivoted, 3);
        capped.maxRank = most;
        Ranks all;
        const auto choices = rankChoices(allocatorNamed("energy"), one, capped);
        for (const RankChoice& choice : choices[0]) all.push_back(choice.rank);
        return all;
    };
    EXPECT_EQ(ranks(7), (Ranks{3, 6}));
    EXPECT_EQ(ranks(8), (Ranks{3, 6, 8}));
}

TEST(AllocationGroups, WaterFillingEqualsBruteForceWithFloorsAndCaps) {
    std::mt19937_64 random(17);
    int solved = 0;
    for (int round = 0; round < 8000; ++round) {
        const TypedMatrices typed = randomTypes(1 + random() % 3, 3, 7, random);
        PlanOptions options = randomOptions(random);
        const auto allowed =
            1 + static_cast<std::int64_t>(
                    random() % static_cast<std::size_t>(1 + denseParameters(typed.matrices)));
        std::map<std::string, double> least;
        for (const std::string groups : {"none", "type"}) {
            // Every choice of seven matrices would be too many.
            if (groups == "none" && typed.matrices.size() > 5) continue;
            options.groups = groups;
            std::vector<RankChoice> picked(typed.matrices.size());
            const double best =
                bruteForce(typed.matrices, groups == "type" ? typed.groups : alone(picked.size()),
                           picked, allowed, options);
            const Allocator& allocator = allocatorNamed("water-filling");
            if (!std::isfinite(best)) {
                EXPECT_THROW(allocate(allocator, typed.matrices, allowed, options), Error);
                continue;
            }
            ++solved;
            const Allocation found = allocate(allocator, typed.matrices, allowed, options);
            EXPECT_LE(parametersOf(found), allowed);
            EXPECT_TRUE(found.warnings.empty());
            expectBounds(typed, found, options);
            least[groups] =
                objective(typed.matrices, found.choices, options.allocationError == "relative");
            EXPECT_NEAR(least[groups], best, 1e-9 * (1 + best)) << round;
        }
        if (least.size() == 2) EXPECT_LE(least["none"], least["type"] + 1e-9) << round;
    }
    EXPECT_GT(solved, 3000);
}

TEST(AllocationGroups, KeepTheBudgetAndWaterFillingLosesLeast) {
    std::mt19937_64 random(5);
    int compared = 0;
    for (int round = 0; round < 120; ++round) {
        const TypedMatrices typed = randomTypes(8, 6, 40, random);
        PlanOptions options = randomOptions(random);
        if (round % 2 == 0) options.maxRank = 12 + static_cast<std::int64_t>(random() % 20);
        const auto allowed =
            static_cast<std::int64_t>(static_cast<double>(denseParameters(typed.matrices)) *
                                      (0.3 + 0.7 * static_cast<double>(random() % 100) / 100));
        double ungrouped = 0;
        for (const std::string groups : {"none", "type"}) {
            options.groups = groups;
            std::map<std::string_view, double> losses;
            for (const Allocator& allocator : allocators()) {
                const auto choices = rankChoices(allocator, typed.matrices, options);
                if (leastParameters(choices) > allowed) continue;
                const Allocation found = allocate(allocator, typed.matrices, allowed, options);
                EXPECT_LE(parametersOf(found), allowed) << allocator.name;
                expectBounds(typed, found, options);
                losses[allocator.name] =
                    objective(typed.matrices, found.choices, options.allocationError == "relative");
            }
            if (!losses.contains("water-filling")) continue;
            for (const auto& [name, loss] : losses) {
                EXPECT_LE(losses["water-filling"], loss * (1 + 1e-12)) << name << round;
                ++compared;
            }
            if (groups == "none") ungrouped = losses["water-filling"];
            EXPECT_LE(ungrouped, losses["water-filling"] * (1 + 1e-12)) << round;
        }
    }
    EXPECT_GT(compared, 500);
}

}  // namespace
}  // namespace rankscope::plan
