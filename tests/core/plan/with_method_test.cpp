// SPDX-License-Identifier: Apache-2.0
// A plan whose method is changed predicts nothing that only the old method knew.
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/compress/compress.h"
#include "core/method/method.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/spectra/spectrum.h"
#include "tests/core/compress/compress_fixture.h"

namespace rankscope::plan {
namespace {

using checkpoint::Checkpoint;
using Spectra = std::map<std::string, spectra::Spectrum>;

class WithMethod : public compress::CompressTest {
 protected:
    /// Singular values 1, 1/2, 1/4 … for every matrix of the plan.
    static Spectra halves(const CompressionPlan& plan) {
        Spectra all;
        for (const PlanEntry& entry : plan.entries) {
            std::vector<double> values;
            for (std::int64_t i = 0; i < entry.matrix.fullRank(); ++i)
                values.push_back(std::ldexp(1.0, static_cast<int>(-i)));
            all.emplace(entry.matrix.name, spectra::Spectrum(entry.matrix.name, entry.matrix.rows,
                                                             entry.matrix.columns, values));
        }
        return all;
    }
    /// The plan by svd at rank 2, with the true errors.
    CompressionPlan measured(const Checkpoint& source) const {
        const auto chosen = checkpoint::selectMatrices(source.matrices(), {"attention", ""});
        Spectra spectra;
        for (const checkpoint::WeightMatrix& matrix : chosen)
            spectra.emplace(
                matrix.name,
                spectra::Spectrum(
                    matrix.name, matrix.rows, matrix.columns,
                    engine().algebra({}).singularValues(source.readMatrix(matrix)).values));
        PlanOptions options;
        options.target = {RankTarget::Kind::Rank, 2};
        return makePlan(source, chosen, spectra, options);
    }
};

TEST_F(WithMethod, ErrorsOfSvdDoNotStay) {
    const Checkpoint source = make();
    CompressionPlan plan = planFor(source, StorageChoice::Auto, 4, "q,k");
    plan.entries[0] =
        withRank(source, plan, plan.entries[0].matrix.name, 24, StorageChoice::Auto, nullptr)
            .entries[0];
    ASSERT_TRUE(plan.entries[0].kept);
    for (PlanEntry& entry : plan.entries)
        if (!entry.kept) entry.relativeError = 0.25;
    plan.allocation = "energy";
    plan.tried = {{"energy", 0.01, 1000, 2.0}};
    plan.calibrationFile = "c.h5";
    const Spectra spectra = halves(plan);
    for (const method::Method& method : method::methods()) {
        if (method.name == "svd" || method.cutsHeads) continue;
        const CompressionPlan other =
            withMethod(plan, std::string(method.name), plan.settings, spectra);
        ASSERT_EQ(other.entries.size(), plan.entries.size());
        for (std::size_t i = 0; i < plan.entries.size(); ++i) {
            const PlanEntry &now = other.entries[i], &before = plan.entries[i];
            EXPECT_EQ(now.method, method.name);
            EXPECT_EQ(now.relativeError, before.kept ? std::optional(0.0) : std::nullopt);
            EXPECT_EQ(now.rank, before.rank);
            EXPECT_EQ(now.storage, before.storage);
            EXPECT_EQ(now.kept, before.kept);
            EXPECT_EQ(now.parametersStored, before.parametersStored);
        }
        EXPECT_EQ(other.parameters.stored, plan.parameters.stored);
        EXPECT_EQ(other.allocation, "");
        EXPECT_TRUE(other.tried.empty());
        EXPECT_EQ(other.calibrationFile, "c.h5");
    }
}

TEST_F(WithMethod, ErrorsOfSvdComeFromTheSpectra) {
    const Checkpoint source = make();
    const CompressionPlan plan =
        withMethod(planFor(source, StorageChoice::Auto, 4, "q,k"), "whitened", {}, {});
    const CompressionPlan back = withMethod(plan, "svd", {}, halves(plan));
    // (Σ_{i>=4} 4^-i) / (Σ 4^-i) over 24 values: sqrt((4^-4 - 4^-24) / (1 - 4^-24)).
    for (const PlanEntry& entry : back.entries) EXPECT_NEAR(*entry.relativeError, 1.0 / 16, 1e-12);
    method::MethodSettings refit;
    refit.refit = true;
    for (const PlanEntry& entry : withMethod(back, "svd", refit, halves(plan)).entries)
        EXPECT_EQ(entry.relativeError, std::nullopt);
    for (const PlanEntry& entry : withMethod(plan, "svd", {}, {}).entries)
        EXPECT_EQ(entry.relativeError, std::nullopt);
}

TEST_F(WithMethod, TheSamePlanStaysWhole) {
    const Checkpoint source = make();
    CompressionPlan plan = planFor(source, StorageChoice::Auto, 4, "q");
    plan.entries[0].relativeError = 0.25;
    plan.allocation = "energy";
    const CompressionPlan same = withMethod(plan, "svd", plan.settings, {});
    EXPECT_EQ(same.entries[0].relativeError, 0.25);
    EXPECT_EQ(same.allocation, "energy");
    method::MethodSettings other = plan.settings;
    other.alpha = 0.75;  // svd does not use it, so its error is still predicted
    const CompressionPlan changed = withMethod(plan, "svd", other, {});
    EXPECT_EQ(changed.entries[0].relativeError, 0.25);
    EXPECT_EQ(changed.settings.alpha, 0.75);
    EXPECT_THROW(withMethod(plan, "magic", plan.settings, {}), Error);
}

TEST_F(WithMethod, AnEditedRankOfARefittedPlanForetellsNothing) {
    const Checkpoint source = make();
    CompressionPlan plan = planFor(source, StorageChoice::Auto, 4, "q");
    plan.settings.refit = true;
    const Spectra spectra = halves(plan);
    const std::string& name = plan.entries[0].matrix.name;
    const CompressionPlan edited =
        withRank(source, plan, name, 3, StorageChoice::Auto, &spectra.at(name));
    EXPECT_EQ(edited.entries[0].relativeError, std::nullopt);
}

TEST_F(WithMethod, APlanBySvdCompressesByAnotherMethod) {
    const Checkpoint source = make();
    const CompressionPlan plan = measured(source);
    const CompressionPlan other = withMethod(plan, "randomized", plan.settings, {});
    const compress::CompressResult result = save(source, other, into("out"), quiet);
    EXPECT_TRUE(result.verified);
    // The same through the file that the window hands over.
    const CompressionPlan read = planFromJson(toJson(other), source, "plan.json");
    EXPECT_TRUE(save(source, read, into("again"), quiet).verified);
    for (std::size_t i = 0; i < result.layers.size(); ++i) {
        EXPECT_GE(result.layers[i].predictedError, *plan.entries[i].relativeError - 1e-9);
        EXPECT_NEAR(result.layers[i].relativeError, result.layers[i].predictedError, 1e-5);
    }
}

}  // namespace
}  // namespace rankscope::plan
