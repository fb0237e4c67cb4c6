// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/checkpoint/selection.h"
#include "core/compress/compress.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan_json.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::plan {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Storage;
using checkpoint::WeightMatrix;
using fixtures::TempFolder;
using fixtures::TinyT5;
using Kind = RankTarget::Kind;

/// A checkpoint with the tensors of `shape` whose weights are a hole in the file: real sizes, no
/// bytes on disk.
Checkpoint shapedCheckpoint(const TempFolder& folder, const TinyT5& shape) {
    fixtures::TinyT5 small = shape;
    Json header = Json::object();
    std::uint64_t end = 0;
    const auto add = [&](const std::string& name, const Shape& sizes) {
        const std::uint64_t bytes = 4 * static_cast<std::uint64_t>(*elementCount(sizes));
        header[name] = {{"dtype", "F32"}, {"shape", sizes}, {"data_offsets", {end, end + bytes}}};
        end += bytes;
    };
    const std::int64_t inner = small.heads * small.dKv;
    add("shared.weight", {small.vocabulary, small.dModel});
    for (const auto& [stack, layers, decoder] :
         {std::tuple{"encoder", small.encoderLayers, false},
          std::tuple{"decoder", small.decoderLayers, true}}) {
        for (std::int64_t i = 0; i < layers; ++i) {
            const std::string block = fmt::format("{}.block.{}.layer.", stack, i);
            int sub = 0;
            for (const char* kind : {"SelfAttention", "EncDecAttention"}) {
                if (sub == 1 && !decoder) break;
                for (const char* role : {"q", "k", "v"})
                    add(fmt::format("{}{}.{}.{}.weight", block, sub, kind, role),
                        {inner, small.dModel});
                add(fmt::format("{}{}.{}.o.weight", block, sub, kind), {small.dModel, inner});
                if (i == 0 && sub == 0)
                    add(block + "0.SelfAttention.relative_attention_bias.weight",
                        {32, small.heads});
                add(fmt::format("{}{}.layer_norm.weight", block, sub), {small.dModel});
                ++sub;
            }
            const std::string feed = fmt::format("{}{}.", block, sub);
            add(feed + "DenseReluDense.wi_0.weight", {small.dFf, small.dModel});
            add(feed + "DenseReluDense.wi_1.weight", {small.dFf, small.dModel});
            add(feed + "DenseReluDense.wo.weight", {small.dModel, small.dFf});
            add(feed + "layer_norm.weight", {small.dModel});
        }
        add(std::string(stack) + ".final_layer_norm.weight", {small.dModel});
    }
    add("lm_head.weight", {small.vocabulary, small.dModel});
    const std::string text = header.dump();
    std::string start(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
        start[i] = static_cast<char>((text.size() >> (8 * i)) & 0xFFU);
    fixtures::writeFile(folder / "model.safetensors", start + text);
    std::filesystem::resize_file(folder / "model.safetensors", 8 + text.size() + end);
    fixtures::writeFile(folder / "config.json", fixtures::tinyConfig(small).dump());
    return checkpoint::openCheckpoint(folder.path().string());
}

const TinyT5 flanBase{.dModel = 768,
                      .dFf = 2048,
                      .heads = 12,
                      .dKv = 64,
                      .encoderLayers = 12,
                      .decoderLayers = 12,
                      .vocabulary = 32128};
const TinyT5 flanLarge{.dModel = 1024,
                       .dFf = 2816,
                       .heads = 16,
                       .dKv = 64,
                       .encoderLayers = 24,
                       .decoderLayers = 24,
                       .vocabulary = 32128};

std::vector<WeightMatrix> select(const Checkpoint& model, const std::string& targets) {
    return checkpoint::selectMatrices(model.matrices(), {targets, ""});
}

CompressionPlan planFor(const Checkpoint& model, const std::string& targets, RankTarget target,
                        StorageChoice storage = StorageChoice::Auto, std::int64_t multiple = 1,
                        std::int64_t least = 1) {
    PlanOptions options;
    options.target = target;
    options.storage = storage;
    options.multipleOf = multiple;
    options.minRank = least;
    return makePlan(model, select(model, targets), {}, options);
}

/// The message of the Error of kind Usage that `call` must throw.
template <typename Call>
std::string usageMessage(Call&& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

class FlanBase : public ::testing::Test {
 protected:
    TempFolder folder;
    Checkpoint model = shapedCheckpoint(folder, flanBase);
};

TEST_F(FlanBase, CountsToTheUnit) {
    EXPECT_EQ(model.parameterCount(), 247'577'856);
    // The blog post: rank 382 on q, k, v and on q, k, v, o, factors not counted.
    const CompressionPlan three = planFor(model, "q,k,v", {Kind::Rank, 382});
    EXPECT_EQ(three.entries.size(), 108U);
    EXPECT_EQ(three.parameters.dense, 247'577'856);
    EXPECT_EQ(three.parameters.postConvention, 183'876'864);
    const CompressionPlan four =
        planFor(model, "q,k,v,o", {Kind::Rank, 382}, StorageChoice::Factored);
    EXPECT_EQ(four.entries.size(), 144U);
    EXPECT_EQ(four.parameters.postConvention, 162'643'200);
    EXPECT_EQ(four.parameters.stored, 247'135'488);
    EXPECT_EQ(four.parameters.factored, 247'135'488);
    // 382 (768 + 768) - 382² = 440,828 numbers each.
    EXPECT_EQ(four.parameters.pivoted, 162'643'200 + 144 * 440'828);
}

TEST_F(FlanBase, AutoIsPivotedBelowFullRankAndKeepsAtFullRank) {
    const CompressionPlan plan = planFor(model, "q,k,v,o", {Kind::Rank, 767});
    for (const PlanEntry& entry : plan.entries) {
        EXPECT_EQ(entry.storage, Storage::Pivoted);
        EXPECT_EQ(entry.parametersStored, 589'824 - 1);  // (768 - 767)² less than dense
        EXPECT_FALSE(entry.kept);
    }
    const CompressionPlan full = planFor(model, "q,k,v,o", {Kind::Rank, 768});
    EXPECT_EQ(full.parameters.stored, 247'577'856);
    for (const PlanEntry& entry : full.entries) {
        EXPECT_TRUE(entry.kept);
        EXPECT_EQ(entry.relativeError, 0.0);
    }
    EXPECT_TRUE(full.warnings.empty());
}

TEST_F(FlanBase, RatioIsInvertedForEachForm) {
    // Half of 768 x 768 = 294,912 numbers: factored r · 1536 -> 192; pivoted r (1536 - r): at 224
    // 293,888, at 225 294,975.
    EXPECT_EQ(planFor(model, "q", {Kind::Ratio, 0.5}, StorageChoice::Factored).entries[0].rank,
              192);
    EXPECT_EQ(planFor(model, "q", {Kind::Ratio, 0.5}, StorageChoice::Pivoted).entries[0].rank, 224);
    const CompressionPlan automatic = planFor(model, "q,wo", {Kind::Ratio, 0.5});
    EXPECT_EQ(automatic.entries[0].rank, 224);
    EXPECT_EQ(automatic.entries[0].parametersStored, 293'888);
    // 768 x 2048: 786,432 numbers; r (2816 - r): at 314 785,628, at 315 787,815.
    const auto wide = std::ranges::find(automatic.entries, 2048,
                                        [](const PlanEntry& e) { return e.matrix.columns; });
    EXPECT_EQ(wide->rank, 314);
    // Rounded down to a multiple, never up beyond what was asked.
    EXPECT_EQ(planFor(model, "q", {Kind::Ratio, 0.5}, StorageChoice::Auto, 64).entries[0].rank,
              192);
    EXPECT_EQ(planFor(model, "q", {Kind::Ratio, 1}).entries[0].rank, 768);
    EXPECT_EQ(planFor(model, "q", {Kind::Ratio, 1}, StorageChoice::Factored).entries[0].rank, 384);
}

TEST_F(FlanBase, RefusesWhatCannotBeMetAndNamesTheRange) {
    using ::testing::HasSubstr;
    for (const double rank : {0.0, -3.0, 769.0, 2.5, std::nan("")})
        EXPECT_THAT(usageMessage([&] {
                        planFor(model, "all", {Kind::Rank, rank});
                    }),
                    HasSubstr("from 1 to 768"));
    EXPECT_THAT(usageMessage([&] {
                    planFor(model, "q", {Kind::Ratio, 0.0001});
                }),
                HasSubstr(fmt::format("{:.6g} to 1", 1535.0 / 589'824)));
    for (const double share : {0.0, 1.5, std::nan("")}) {
        usageMessage([&] { planFor(model, "q", {Kind::Ratio, share}); });
        usageMessage([&] { planFor(model, "q", {Kind::Budget, share}); });
        usageMessage([&] { planFor(model, "q", {Kind::Energy, share}); });
    }
    PlanOptions byEnergy;
    byEnergy.target = {Kind::Budget, 0.5};
    byEnergy.allocation = "energy";
    EXPECT_THAT(usageMessage([&] { requirePossible(model, select(model, "q,k,v,o"), byEnergy); }),
                HasSubstr("162864240 of 247577856"));
    byEnergy.target.value = 0.9;
    requirePossible(model, select(model, "q,k,v,o"), byEnergy);
    // All of q, k, v, o at rank 1: 162,643,200 + 144 · 1535 = 162,864,240 of 247,577,856.
    EXPECT_THAT(usageMessage([&] {
                    planFor(model, "q,k,v,o", {Kind::Budget, 0.5});
                }),
                HasSubstr("162864240 of 247577856"));
    EXPECT_THAT(usageMessage([&] {
                    planFor(model, "q", {Kind::Ratio, 0.5}, StorageChoice::Dense);
                }),
                HasSubstr("as many parameters"));
    EXPECT_THAT(usageMessage([&] {
                    planFor(model, "embedding", {Kind::Rank, 5});
                }),
                HasSubstr("row by row"));
    PlanOptions options;
    options.target = {Kind::Rank, 5};
    options.method = "magic";
    EXPECT_THAT(usageMessage([&] { makePlan(model, select(model, "q"), {}, options); }),
                HasSubstr("svd"));
}

TEST_F(FlanBase, WarnsOfPairsLargerThanTheMatrix) {
    const CompressionPlan plan =
        planFor(model, "q,k,v,o", {Kind::Rank, 385}, StorageChoice::Factored);
    EXPECT_GT(plan.parameters.stored, plan.parameters.dense);
    EXPECT_EQ(plan.warnings.size(), 144U);
    EXPECT_TRUE(planFor(model, "q", {Kind::Rank, 384}, StorageChoice::Factored).warnings.empty());
    EXPECT_EQ(planFor(model, "q", {Kind::Rank, 5}, StorageChoice::Dense).warnings.size(), 1U);
}

TEST_F(FlanBase, BudgetIsUsedUpToOneStep) {
    const CompressionPlan plan = planFor(model, "attention", {Kind::Budget, 0.8});
    EXPECT_LE(plan.parameters.stored, 198'062'284);  // floor(0.8 · 247,577,856)
    // One more rank on any matrix costs at most 1535 numbers.
    EXPECT_GT(plan.parameters.stored, 198'062'284 - 1535);
}

// Pivoted, 768 x 768 at rank r: r (768 + 768) - r²; model order, whatever the order of the names.
TEST_F(FlanBase, TakesARankPerMatrix) {
    const std::string q = "encoder.block.0.layer.0.SelfAttention.q.weight";
    const std::string o = "encoder.block.0.layer.0.SelfAttention.o.weight";
    PlanOptions options;
    options.storage = StorageChoice::Pivoted;
    const CompressionPlan plan = planWithRanks(model, {{o, 100}, {q, 7}}, options, {});
    ASSERT_EQ(plan.entries.size(), 2U);
    EXPECT_EQ(plan.entries[0].matrix.name, q);
    EXPECT_EQ(plan.entries[0].parametersStored, 7 * 1536 - 7 * 7);
    EXPECT_EQ(plan.entries[1].parametersStored, 100 * 1536 - 100 * 100);
    EXPECT_EQ(plan.parameters.stored,
              plan.parameters.dense - 2 * 768 * 768 + 7 * 1536 - 49 + 100 * 1536 - 10'000);
    EXPECT_THAT(usageMessage([&] {
                    planWithRanks(model, {{q, 769}}, options, {});
                }),
                ::testing::HasSubstr("the permitted range is 1 to 768"));
    EXPECT_THAT(usageMessage([&] {
                    planWithRanks(model, {{"q", 7}}, options, {});
                }),
                ::testing::HasSubstr("has no matrix q"));
}

TEST(FlanLarge, CountsToTheUnit) {
    const TempFolder folder;
    const Checkpoint model = shapedCheckpoint(folder, flanLarge);
    EXPECT_EQ(model.parameterCount(), 783'150'080);
    EXPECT_EQ(checkpoint::breakEvenRank(768, 768), 384);
    EXPECT_EQ(checkpoint::breakEvenRank(1024, 1024), 512);
    EXPECT_EQ(checkpoint::breakEvenRank(768, 2048), 558);
}

/// Shares at which some matrix's allowed numbers change: all that brute force must try.
std::int64_t mostWithUniformShare(const std::vector<WeightMatrix>& chosen, StorageChoice choice,
                                  std::int64_t allowed, double& bestShare) {
    const auto cost = [&](const WeightMatrix& m, std::int64_t r) {
        const std::int64_t dense = m.rows * m.columns;
        if (choice == StorageChoice::Factored) return r * (m.rows + m.columns);
        return std::min(dense, r * (m.rows + m.columns) - r * r);
    };
    std::vector<double> shares;
    for (const WeightMatrix& m : chosen)
        for (std::int64_t r = 1; r <= m.fullRank(); ++r)
            shares.push_back(static_cast<double>(cost(m, r)) /
                             static_cast<double>(m.rows * m.columns));
    std::int64_t best = -1;
    bestShare = 0;
    for (const double share : shares) {
        if (share > 1) continue;
        std::int64_t sum = 0;
        for (const WeightMatrix& m : chosen) {
            std::int64_t rank = 1;
            for (std::int64_t r = 1; r <= m.fullRank(); ++r)
                if (static_cast<double>(cost(m, r)) <=
                    share * static_cast<double>(m.rows * m.columns) * (1 + 1e-12))
                    rank = r;
            sum += cost(m, rank);
        }
        if (sum <= allowed && share > bestShare) {
            best = sum;
            bestShare = share;
        }
    }
    return best;
}

TEST(Budget, IsNeverExceededAndMatchesBruteForce) {
    std::mt19937_64 random(11);
    for (int round = 0; round < 40; ++round) {
        const TempFolder folder;
        TinyT5 shape;
        shape.dModel = 4 + static_cast<std::int64_t>(random() % 9);
        shape.dFf = 4 + static_cast<std::int64_t>(random() % 17);
        shape.heads = 1 + static_cast<std::int64_t>(random() % 3);
        shape.dKv = 1 + static_cast<std::int64_t>(random() % 5);
        shape.encoderLayers = shape.decoderLayers = 1;
        shape.vocabulary = 8;
        const Checkpoint model = shapedCheckpoint(folder, shape);
        const std::vector<WeightMatrix> chosen = select(model, "all");
        const StorageChoice choice = round % 2 == 0 ? StorageChoice::Auto : StorageChoice::Factored;
        const double budget = 0.3 + 0.7 * static_cast<double>(random() % 1000) / 1000;
        const auto allowed = static_cast<std::int64_t>(
            std::floor(budget * static_cast<double>(model.denseParameterCount())));
        std::int64_t fixed = model.parameterCount();
        for (const WeightMatrix& m : chosen) fixed -= m.rows * m.columns;
        double share = 0;
        const std::int64_t uniform = mostWithUniformShare(chosen, choice, allowed - fixed, share);
        CompressionPlan plan;
        try {
            plan = planFor(model, "all", {Kind::Budget, budget}, choice);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            EXPECT_EQ(uniform, -1) << error.what();
            continue;
        }
        EXPECT_LE(plan.parameters.stored, allowed);
        EXPECT_GE(plan.parameters.stored, fixed + std::max<std::int64_t>(uniform, 0));
    }
}

TEST(Plan, EnergyAndErrorFollowTheSpectrum) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    const auto chosen = select(model, "encoder.block.0.layer.0.SelfAttention.q.weight");
    // Squares 16, 4, 4, 1, rest 0: energy 16/25, 20/25, 24/25, 1.
    std::vector<double> values(24, 0.0);
    values[0] = 4, values[1] = values[2] = 2, values[3] = 1;
    const std::map<std::string, spectra::Spectrum> spectra{
        {chosen[0].name, spectra::Spectrum(chosen[0].name, 24, 32, values)}};
    const auto rankFor = [&](RankTarget target, std::int64_t multiple) {
        PlanOptions options;
        options.target = target;
        options.multipleOf = multiple;
        return makePlan(model, chosen, spectra, options).entries[0];
    };
    EXPECT_EQ(rankFor({Kind::Energy, 0.8}, 1).rank, 2);
    EXPECT_EQ(rankFor({Kind::Energy, 0.81}, 1).rank, 3);
    EXPECT_EQ(rankFor({Kind::Error, 0.2}, 1).rank, 3);  // sqrt(1/25)
    EXPECT_NEAR(*rankFor({Kind::Error, 0.2}, 1).relativeError, 0.2, 1e-15);
    EXPECT_EQ(rankFor({Kind::Error, 0.19}, 1).rank, 4);
    EXPECT_EQ(rankFor({Kind::Energy, 0.81}, 8).rank, 8);  // up, so that 0.81 still holds
    EXPECT_TRUE(needsSpectra({.target = {Kind::Error, 0.1}}));
    EXPECT_FALSE(needsSpectra({.target = {Kind::Budget, 0.1}}));
    EXPECT_TRUE(needsSpectra({.target = {Kind::Budget, 0.1}, .allocation = "energy"}));
    EXPECT_FALSE(needsSpectra({.target = {Kind::Rank, 4}, .allocation = "energy"}));
    PlanOptions missing;
    missing.target = {Kind::Energy, 0.5};
    EXPECT_THROW(makePlan(model, chosen, {}, missing), Error);
}

TEST(Plan, ABudgetMayLeaveMatricesAsTheyAre) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    const auto chosen = select(model, "encoder.block.0.layer.0.SelfAttention.[qk].weight");
    // q [24, 32] has one large singular value, k only equal ones: k is worth leaving unchanged.
    std::vector<double> falling(24, 0.001);
    falling[0] = 10;
    const std::map<std::string, spectra::Spectrum> spectra{
        {chosen[0].name, spectra::Spectrum(chosen[0].name, 24, 32, falling)},
        {chosen[1].name, spectra::Spectrum(chosen[1].name, 24, 32, std::vector<double>(24, 1.0))}};
    PlanOptions options;
    options.storage = StorageChoice::Factored;
    options.allocation = "water-filling";
    const auto all = static_cast<double>(model.denseParameterCount());
    options.target = {Kind::Budget, (all - 700 + 0.5) / all};  // q has 768
    const CompressionPlan plan = makePlan(model, chosen, spectra, options);
    EXPECT_EQ(plan.allocation, "water-filling");
    EXPECT_EQ(plan.entries[0].rank, 1);  // 24 + 32 = 56 of the 68 left
    EXPECT_FALSE(plan.entries[0].kept);
    EXPECT_TRUE(plan.entries[1].kept);
    EXPECT_EQ(plan.entries[1].storage, Storage::Dense);
    EXPECT_EQ(plan.parameters.stored, model.denseParameterCount() - 768 + 56);
    EXPECT_EQ(toJson(planFromJson(toJson(plan), model, "p")), toJson(plan));
    EXPECT_THROW(makePlan(model, chosen, {}, options), Error);
    EXPECT_EQ(withRank(model, plan, chosen[0].name, 2, StorageChoice::Auto, nullptr).allocation,
              "");
}

TEST(Plan, EditsOneMatrix) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    const CompressionPlan plan = planFor(model, "q,k", {Kind::Rank, 4});
    const std::string name = plan.entries[1].matrix.name;
    const CompressionPlan edited = withRank(model, plan, name, 6, StorageChoice::Factored, nullptr);
    EXPECT_EQ(plan.entries[1].rank, 4);
    EXPECT_EQ(edited.entries[1].rank, 6);
    // 4 (24 + 32) - 16 = 208 before, 6 · 56 = 336 now.
    EXPECT_EQ(edited.parameters.stored - plan.parameters.stored, 336 - 208);
    EXPECT_THROW(withRank(model, plan, name, 25, StorageChoice::Auto, nullptr), Error);
    EXPECT_THROW(withRank(model, plan, "nothing", 2, StorageChoice::Auto, nullptr), Error);
}

}  // namespace
}  // namespace rankscope::plan
