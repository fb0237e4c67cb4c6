// SPDX-License-Identifier: Apache-2.0
// Counts are by hand: a head dimension of scores or of values takes 2 d_model numbers, a unit 3 (or
// 2) d_model, and everything else stays.
#include "core/plan/slim_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan_json.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::plan {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

constexpr std::int64_t d = 32, heads = 3, width = 8, units = 64, attentions = 6, forwards = 4;
constexpr std::int64_t chosenParameters =
    attentions * 4 * d * heads * width + forwards * 3 * d * units;

class SlimPlan : public ::testing::Test {
 protected:
    SlimPlan() { fixtures::writeTinyT5(folder.path()); }

    PlanOptions options(RankTarget::Kind kind, double value,
                        StorageChoice storage = StorageChoice::Auto) const {
        PlanOptions made;
        made.method = "slim";
        made.target = {kind, value};
        made.storage = storage;
        return made;
    }
    PlanOptions budget(double value, StorageChoice storage = StorageChoice::Auto) const {
        return options(RankTarget::Kind::Budget, value, storage);
    }

    CompressionPlan plan(const PlanOptions& how, const std::string& targets = "all") const {
        return makePlan(model, chosen(targets), {}, how);
    }
    std::vector<checkpoint::WeightMatrix> chosen(const std::string& targets) const {
        return checkpoint::selectMatrices(model.matrices(), {targets, ""});
    }

    std::string refusal(const PlanOptions& how, const std::string& targets = "all") const {
        try {
            plan(how, targets);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            return error.what();
        }
        return {};
    }

    /// Relative errors that fall by a factor per size, another one for each part.
    std::shared_ptr<const method::SlimErrorTable> errors() const {
        auto table = std::make_shared<method::SlimErrorTable>();
        double base = 0.55;
        const auto falling = [&](std::int64_t size) {
            std::vector<double> list;
            for (std::int64_t i = 0; i < size; ++i) list.push_back(std::pow(base, i) / heads);
            list.push_back(0);
            base = base < 0.9 ? base + 0.013 : 0.5;
            return list;
        };
        for (const method::SlimSublayer& sublayer : method::slimSublayers(
                 model, model.matrices().subspan(1, model.matrices().size() - 2))) {
            method::SlimErrors& own = (*table)[sublayer.name];
            for (std::int64_t head = 0; head < heads && sublayer.hasScores(); ++head) {
                own.scores.push_back(falling(width));
                own.values.push_back(falling(width));
            }
            for (std::int64_t i = 0; i <= units && sublayer.hasUnits(); ++i)
                own.units.push_back(std::pow(1 - static_cast<double>(i) / units, 2 + base));
        }
        return table;
    }

    fixtures::TempFolder folder;
    checkpoint::Checkpoint model =
        checkpoint::openCheckpoint((fixtures::writeTinyT5(folder.path()), folder.path().string()));
};

TEST_F(SlimPlan, PlainTakesTheSameShareOfHeadsAndUnits) {
    const std::int64_t dense = model.denseParameterCount();
    ASSERT_EQ(dense, model.parameterCount());
    for (const double share : {0.95, 0.8, 0.7, 0.6}) {
        const CompressionPlan made = plan(budget(share));
        const std::int64_t allowed = static_cast<std::int64_t>(share * static_cast<double>(dense)) -
                                     dense + chosenParameters;
        const auto kept = static_cast<std::int64_t>(
            std::llround(width * static_cast<double>(allowed) / chosenParameters));
        const std::int64_t units =
            (allowed - attentions * 4 * d * heads * kept) / (forwards * 3 * d);
        EXPECT_EQ(headDimensions(made), kept) << share;
        EXPECT_EQ(plainSizesText(made),
                  "d_kv " + std::to_string(kept) + ", d_ff " + std::to_string(units));
        const std::int64_t stored =
            dense - chosenParameters + attentions * 4 * d * heads * kept + forwards * 3 * d * units;
        EXPECT_EQ(made.parameters.stored, stored);
        EXPECT_LE(static_cast<double>(stored), share * static_cast<double>(dense));
        EXPECT_EQ(made.parameters.dense, dense);
        EXPECT_EQ(made.parameters.postConvention, dense - chosenParameters);
        const t5::T5Config config = plannedConfig(model, made);
        EXPECT_EQ(config.dKv, kept);
        EXPECT_EQ(config.dFf, units);
        EXPECT_TRUE(config.sizes.empty());
        for (const PlanEntry& entry : made.entries) {
            EXPECT_EQ(storageName(entry), "plain");
            const bool ofHeads = entry.matrix.role <= checkpoint::Role::O;
            EXPECT_EQ(entry.rank, ofHeads ? heads * kept : units);
            EXPECT_EQ(entry.parametersStored, entry.rank * d);
        }
    }
}

TEST_F(SlimPlan, OnlyHeadsOrOnlyUnitsTakeTheWholeBudget) {
    const CompressionPlan ofHeads = plan(budget(0.8), "attention");
    EXPECT_EQ(ofHeads.entries.size(), 24U);
    EXPECT_EQ(plannedConfig(model, ofHeads).dFf, units);
    EXPECT_LT(plannedConfig(model, ofHeads).dKv, width);
    const CompressionPlan ofUnits = plan(budget(0.8), "ffn");
    EXPECT_EQ(plannedConfig(model, ofUnits).dKv, width);
    const std::int64_t dense = model.denseParameterCount();
    const std::int64_t over = dense - static_cast<std::int64_t>(0.8 * static_cast<double>(dense));
    EXPECT_EQ(plannedConfig(model, ofUnits).dFf,
              units - (over + forwards * 3 * d - 1) / (forwards * 3 * d));
}

TEST_F(SlimPlan, OwnSizesHaveTheLeastErrorThatTheBudgetBuys) {
    PlanOptions how = budget(0.7, StorageChoice::Sizes);
    how.allocation = "water-filling";
    EXPECT_TRUE(needsSlimErrors(how));
    how.slimErrors = errors();
    const CompressionPlan made = plan(how);
    const std::int64_t allowed =
        static_cast<std::int64_t>(0.7 * static_cast<double>(model.denseParameterCount()));
    EXPECT_LE(made.parameters.stored, allowed);
    EXPECT_GT(made.parameters.stored, allowed - 2 * d);
    EXPECT_EQ(plannedConfig(model, made).sizes, made.sizes);
    // No exchange of one dimension or unit for others of the same cost or less gains anything:
    // losses per number that are taken are larger than those that are not (the lists are convex).
    double least = INFINITY, most = 0;
    const auto see = [&](const std::vector<double>& list, std::int64_t size, double cost) {
        const auto at = static_cast<std::size_t>(size);
        if (size > 1) least = std::min(least, (list[at - 1] - list[at]) / cost);
        if (at + 1 < list.size()) most = std::max(most, (list[at] - list[at + 1]) / cost);
    };
    for (const auto& [name, own] : *how.slimErrors) {
        const t5::SublayerSizes& sizes = made.sizes.at(name);
        for (std::size_t head = 0; head < own.scores.size(); ++head) {
            see(own.scores[head], sizes.scores[head], 2);
            see(own.values[head], sizes.values[head], 2);
        }
        if (sizes.units > 0) see(own.units, sizes.units, 3);
    }
    EXPECT_LT(most, 1.35 * least);  // but for what the last odd numbers of the budget buy
}

TEST_F(SlimPlan, RatioRankEnergyAndErrorCountHeadsAndUnits) {
    const CompressionPlan half = plan(options(RankTarget::Kind::Ratio, 0.5));
    EXPECT_EQ(plainSizesText(half), "d_kv 4, d_ff 32");
    EXPECT_EQ(plainSizesText(plan(options(RankTarget::Kind::Ratio, 0.001))), "d_kv 1, d_ff 1");
    const CompressionPlan ranks = plan(options(RankTarget::Kind::Rank, 5), "attention");
    EXPECT_EQ(headDimensions(ranks), 5);
    EXPECT_EQ(plannedConfig(model, plan(options(RankTarget::Kind::Rank, 20), "ffn")).dFf, 20);
    PlanOptions energy = options(RankTarget::Kind::Energy, 0.9, StorageChoice::Sizes);
    energy.slimErrors = errors();
    const CompressionPlan kept = plan(energy);
    for (const auto& [name, own] : *energy.slimErrors)
        for (std::size_t head = 0; head < own.scores.size(); ++head) {
            const auto size = static_cast<std::size_t>(kept.sizes.at(name).scores[head]);
            EXPECT_LE(own.scores[head][size], 0.1 * own.scores[head][0] + 1e-12);
            if (size > 1) EXPECT_GT(own.scores[head][size - 1], 0.1 * own.scores[head][0]);
        }
    energy.storage = StorageChoice::Plain;
    std::int64_t largest = 0;
    for (const auto& [name, sizes] : kept.sizes)
        for (const auto* list : {&sizes.scores, &sizes.values})
            for (const std::int64_t size : *list) largest = std::max(largest, size);
    EXPECT_EQ(headDimensions(plan(energy)), largest);
}

TEST_F(SlimPlan, MultiplesAndSmallestSizesHold) {
    PlanOptions how = budget(0.7, StorageChoice::Sizes);
    how.allocation = "water-filling";
    how.slimErrors = errors();
    how.multipleOf = 4;
    for (const auto& [name, sizes] : plan(how).sizes) {
        for (const std::int64_t size : sizes.scores) EXPECT_EQ(size % 4, 0);
        EXPECT_EQ(sizes.units % 4, 0);
    }
    how.storage = StorageChoice::Plain;
    how.allocation = "uniform";
    how.multipleOf = 1;
    how.minRank = 7;
    EXPECT_EQ(headDimensions(plan(how)), 7);
}

TEST_F(SlimPlan, RefusesWhatCannotBe) {
    EXPECT_THAT(refusal(budget(0.2)), HasSubstr("the permitted range is 0."));
    EXPECT_THAT(refusal(options(RankTarget::Kind::Rank, 0), "attention"),
                HasSubstr("0 dimensions of each head cannot be left: the permitted range is whole "
                          "numbers from 1 to 8"));
    EXPECT_THAT(refusal(options(RankTarget::Kind::Rank, 4)), HasSubstr("--targets attention"));
    EXPECT_THAT(refusal(options(RankTarget::Kind::Ratio, 0)), HasSubstr("above 0"));
    EXPECT_THAT(refusal(budget(0.7, StorageChoice::Pivoted)),
                HasSubstr("plain or sizes, not pivoted"));
    PlanOptions how = budget(0.7);
    how.allocation = "water-filling";
    EXPECT_THAT(refusal(how), HasSubstr("give --storage sizes with it"));
    how.allocation = "energy";
    EXPECT_THAT(refusal(how), HasSubstr("uniform, water-filling, gradient or auto, not energy"));
    how = budget(0.7);
    how.settings.refit = true;
    EXPECT_THAT(refusal(how), HasSubstr("leave --refit out"));
    how = budget(0.7);
    how.maxRank = 5;
    EXPECT_THAT(refusal(how), HasSubstr("--max-rank"));
    EXPECT_THAT(refusal(budget(0.9), "q,k"), HasSubstr("choose q, k, v and o of every layer"));
    EXPECT_THAT(refusal(budget(0.9), "encoder.*DenseReluDense*"),
                HasSubstr("choose the feed-forward of every layer"));
    how = budget(0.9, StorageChoice::Plain);
    how.method = "svd";
    EXPECT_THAT(refusal(how), HasSubstr("--storage plain is of the method slim"));
    EXPECT_THROW(withMethod(plan(budget(0.7)), "svd", {}, {}), Error);
    EXPECT_THROW(withRank(model, plan(budget(0.7)), model.matrices()[1].name, 3,
                          StorageChoice::Auto, nullptr),
                 Error);
}

TEST_F(SlimPlan, ComesBackFromJson) {
    PlanOptions how = budget(0.7, StorageChoice::Sizes);
    how.allocation = "water-filling";
    how.slimErrors = errors();
    for (const CompressionPlan& made : {plan(budget(0.8)), plan(how), plan(budget(0.9), "ffn")}) {
        const Json document = toJson(made);
        const CompressionPlan again =
            planFromJson(parseJson(document.dump(), "plan.json"), model, "plan.json");
        EXPECT_EQ(toJson(again), document);
        EXPECT_EQ(again.sizes, made.sizes);
    }
}

TEST_F(SlimPlan, ADamagedDocumentIsRefusedByName) {
    const Json good = toJson(plan(budget(0.8)));
    const std::string attention = "encoder.block.0.layer.0.SelfAttention";
    const auto refusalOf = [&](const std::function<void(Json&)>& damage) {
        Json document = good;
        damage(document);
        try {
            planFromJson(document, model, "plan.json");
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(refusalOf([](Json&) {}), "");
    EXPECT_THAT(refusalOf([](Json& p) { p.erase("sizes"); }), HasSubstr("does not have its layer"));
    EXPECT_THAT(refusalOf([&](Json& p) { p["sizes"][attention]["scores"][0] = 9; }),
                HasSubstr("has the size 9, but 1 to 8 is possible"));
    EXPECT_THAT(refusalOf([&](Json& p) {
                    p["sizes"][attention]["scores"] = {1, 2};
                }),
                HasSubstr("has 2 sizes for 3 heads"));
    EXPECT_THAT(refusalOf([](Json& p) {
                    p["sizes"]["nowhere"] = {{"units", 3}};
                }),
                HasSubstr("names nowhere"));
    EXPECT_THAT(refusalOf([](Json& p) { p["entries"][0]["rank"] = 3; }),
                HasSubstr("has another rank than"));
    EXPECT_THAT(refusalOf([](Json& p) { p["entries"].erase(0); }), HasSubstr("together with"));
    EXPECT_THAT(refusalOf([](Json& p) {
                    p["entries"][0]["method"] = "svd";
                    p["entries"][0]["storage"] = "pivoted";
                    p["entries"][0]["rank"] = 3;
                }),
                HasSubstr("one plan is by slim as a whole"));
    EXPECT_THAT(refusalOf([&](Json& p) {
                    for (Json& entry : p["entries"])
                        if (entry["name"].get<std::string>().starts_with(attention + ".q") ||
                            entry["name"].get<std::string>().starts_with(attention + ".k"))
                            entry["rank"] = 3;
                    p["sizes"][attention]["scores"] = {1, 1, 1};
                }),
                HasSubstr("more than one d_kv"));
}

}  // namespace
}  // namespace rankscope::plan
