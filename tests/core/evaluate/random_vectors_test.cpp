// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/random_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/spectra/compute_spectra.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::evaluate {
namespace {

RandomVectorsOptions withVectors(std::int64_t vectors, std::uint64_t seed = 0,
                                 Distribution distribution = Distribution::Uniform) {
    RandomVectorsOptions options;
    options.vectors = vectors;
    options.seed = seed;
    options.distribution = distribution;
    return options;
}

class RandomVectors : public ::testing::Test {
 protected:
    RandomVectors() {
        fixtures::writeTinyT5(folder.path());
        model = checkpoint::openCheckpoint(folder.path().string());
    }

    compress::CompressionPlan planFor(std::int64_t rank, const std::string& targets,
                                      compress::StorageChoice storage) const {
        compress::PlanOptions options;
        options.target = {compress::RankTarget::Kind::Rank, static_cast<double>(rank)};
        options.storage = storage;
        return compress::makePlan(
            model, checkpoint::selectMatrices(model.matrices(), {targets, ""}), {}, options);
    }

    std::vector<RandomVectorsResult> run(const compress::CompressionPlan& plan,
                                         const RandomVectorsOptions& options) const {
        return randomVectors(model, plan, options, backend::loadBackend({}), Progress());
    }

    fixtures::TempFolder folder;
    checkpoint::Checkpoint model;
};

TEST_F(RandomVectors, NormalInputsGiveTheRootOfTheKeptEnergy) {
    const auto plan = planFor(5, "q,wi_0,wo", compress::StorageChoice::Auto);
    const auto results = run(plan, withVectors(20'000, 0, Distribution::Normal));
    ASSERT_EQ(results.size(), plan.entries.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        const checkpoint::WeightMatrix& matrix = plan.entries[i].matrix;
        const spectra::Spectrum spectrum(
            matrix.name, matrix.rows, matrix.columns,
            backend::loadBackend({}).singularValues(model.readMatrix(matrix), {}).values);
        const double expected = std::sqrt(spectrum.energy(5));
        EXPECT_EQ(results[i].name, matrix.name);
        EXPECT_NEAR(results[i].predictedCosine, expected, 1e-7);
        // The standard error of the pooled share of energy over 20,000 vectors is under
        // 1 / sqrt(20,000) = 0.007.
        EXPECT_NEAR(results[i].cosinePooled, expected, 0.02) << matrix.name;
        // W' is a projection of W: cos² + error² = 1 for the pooled figures.
        EXPECT_NEAR(std::pow(results[i].cosinePooled, 2) + std::pow(results[i].relativeError, 2), 1,
                    1e-9);
        EXPECT_LT(results[i].cosineMean, results[i].cosinePooled + 0.02);
        EXPECT_GT(results[i].cosineMean, 0.5);
    }
}

TEST_F(RandomVectors, OneVectorByHand) {
    // With one vector, mean and pooled cosine are the same number.
    const auto one = run(planFor(5, "q", compress::StorageChoice::Factored), withVectors(1));
    for (const RandomVectorsResult& result : one) {
        EXPECT_DOUBLE_EQ(result.cosineMean, result.cosinePooled);
        EXPECT_LT(result.cosineMean, 1);
    }
}

TEST_F(RandomVectors, SeedAndNameDecideAlone) {
    const RandomVectorsOptions options = withVectors(300, 7);
    const auto all = run(planFor(5, "q,k", compress::StorageChoice::Auto), options);
    auto single = options;
    single.threads = 1;
    const auto alone = run(planFor(5, "k", compress::StorageChoice::Auto), single);
    ASSERT_EQ(alone[0].name, all[1].name);
    EXPECT_EQ(alone[0].cosinePooled, all[1].cosinePooled);
    EXPECT_EQ(alone[0].cosineMean, all[1].cosineMean);
    auto other = options;
    other.seed = 8;
    EXPECT_NE(run(planFor(5, "k", compress::StorageChoice::Auto), other)[0].cosinePooled,
              alone[0].cosinePooled);
    auto normal = options;
    normal.distribution = Distribution::Normal;
    EXPECT_NE(run(planFor(5, "k", compress::StorageChoice::Auto), normal)[0].cosinePooled,
              alone[0].cosinePooled);
}

TEST_F(RandomVectors, NothingIsLostAtFullRank) {
    for (const auto& result :
         run(planFor(24, "q", compress::StorageChoice::Auto), withVectors(10))) {
        EXPECT_EQ(result.cosineMean, 1);
        EXPECT_EQ(result.cosinePooled, 1);
        EXPECT_EQ(result.predictedCosine, 1);
        EXPECT_EQ(result.relativeError, 0);
    }
    for (const auto& result :
         run(planFor(24, "q", compress::StorageChoice::Factored), withVectors(10))) {
        EXPECT_NEAR(result.cosineMean, 1, 1e-12);
        EXPECT_NEAR(result.predictedCosine, 1, 1e-12);
        EXPECT_LT(result.relativeError, 1e-12);
    }
}

TEST_F(RandomVectors, RefusesNoVectors) {
    EXPECT_THROW(run(planFor(5, "q", compress::StorageChoice::Auto), withVectors(0)), Error);
}

TEST_F(RandomVectors, JsonHasTheDocumentedFields) {
    const Json document =
        toJson(run(planFor(5, "q", compress::StorageChoice::Auto), withVectors(3)));
    for (const char* key : {"name", "rank", "vectors", "cosine_mean", "cosine_pooled",
                            "relative_error", "predicted_cosine"})
        EXPECT_TRUE(document["results"][0].contains(key)) << key;
}

}  // namespace
}  // namespace rankscope::evaluate
