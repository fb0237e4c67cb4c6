// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/compress/compress.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::plan {
namespace {

using checkpoint::Checkpoint;
using fixtures::TempFolder;

CompressionPlan planFor(const Checkpoint& model, const std::string& targets,
                        StorageChoice storage) {
    PlanOptions options;
    options.target = {RankTarget::Kind::Rank, 7};
    options.storage = storage;
    return makePlan(model, checkpoint::selectMatrices(model.matrices(), {targets, ""}), {},
                    options);
}

TEST(PlanJson, ComesBackAsItWent) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    for (const auto storage : {StorageChoice::Auto, StorageChoice::Factored, StorageChoice::Pivoted,
                               StorageChoice::Dense}) {
        CompressionPlan plan = planFor(model, "attention", storage);
        plan.entries[0].relativeError = 0.25;
        plan = withRank(model, plan, plan.entries[2].matrix.name, 24, StorageChoice::Auto, nullptr);
        plan.allocation = storage == StorageChoice::Auto ? "energy" : "";
        plan.settings.refinePasses = 7;
        const Json document = toJson(plan);
        const CompressionPlan again =
            planFromJson(parseJson(document.dump(), "plan.json"), model, "plan.json");
        EXPECT_EQ(toJson(again), document);
    }
}

TEST(PlanJson, AnErrorThatNothingForetellsIsNotTaken) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    CompressionPlan plan = planFor(model, "q", StorageChoice::Auto);
    plan.entries[0].relativeError = plan.entries[1].relativeError = 0.25;
    Json document = toJson(plan);
    document["entries"][1]["method"] = "whitened";  // edited by hand
    const CompressionPlan mixed = planFromJson(document, model, "plan.json");
    EXPECT_EQ(mixed.entries[0].relativeError, 0.25);
    EXPECT_EQ(mixed.entries[1].relativeError, std::nullopt);
    for (const char* pass : {"refit", "refine"}) {
        Json later = document;
        later["settings"][pass] = true;
        EXPECT_EQ(planFromJson(later, model, "plan.json").entries[0].relativeError, std::nullopt);
    }
    // A plan of an earlier version.
    document["settings"].erase("refine");
    document["settings"].erase("refine_passes");
    EXPECT_FALSE(planFromJson(document, model, "plan.json").settings.refine);
}

TEST(PlanJson, ARefinementIsAddedToAPlan) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    CompressionPlan plan = planFor(model, "q", StorageChoice::Auto);
    plan.entries[0].relativeError = 0.25;
    addRefinement(plan, 3);
    EXPECT_EQ(plan.entries[0].relativeError, std::nullopt);
    const CompressionPlan again = planFromJson(toJson(plan), model, "plan.json");
    EXPECT_TRUE(again.settings.refine);
    EXPECT_EQ(again.settings.refinePasses, 3);
}

TEST(PlanJson, RefusesWhatIsWrongAndNamesIt) {
    const TempFolder folder;
    fixtures::writeTinyT5(folder.path());
    const Checkpoint model = checkpoint::openCheckpoint(folder.path().string());
    const Json good = toJson(planFor(model, "q", StorageChoice::Auto));
    const auto refused = [&](const Json& document, const std::string& part) {
        try {
            planFromJson(document, model, "plan.json");
            ADD_FAILURE() << "accepted where it should say: " << part;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), ::testing::HasSubstr(part));
            EXPECT_THAT(error.what(), ::testing::HasSubstr("plan.json"));
        }
    };
    const auto with = [&](const char* key, const Json& value) {
        Json document = good;
        document["entries"][1][key] = value;
        return document;
    };
    refused(Json::array(), "not a plan");
    refused({{"entries", Json::array()}}, "no entry");
    refused({{"entries", {5}}}, "entries[0]");
    refused(with("name", "x.weight"), "entries[1]");
    refused(with("name", good["entries"][0]["name"]), "second time");
    refused(with("rank", 0), "1 to 24");
    refused(with("rank", 25), "1 to 24");
    refused(with("rank", 2.5), "whole number");
    refused(with("rank", 18446744073709551615U), "whole number");
    refused(with("shape", {32, 24}), "another shape");
    refused(with("storage", "zip"), "storage");
    refused(with("kept", 1), "true or false");
    refused(with("relative_error", -1), "relative_error");
    for (const Json& passes : {Json(-1), Json(10'001), Json(2.5), Json("x")}) {
        Json document = good;
        document["settings"]["refine_passes"] = passes;
        refused(document, "refine_passes");
    }
}

}  // namespace
}  // namespace rankscope::plan
