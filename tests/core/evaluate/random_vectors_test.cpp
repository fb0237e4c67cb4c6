// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/random_vectors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/evaluate/evaluation.h"
#include "core/method/calibration.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
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

    plan::CompressionPlan planFor(std::int64_t rank, const std::string& targets,
                                  plan::StorageChoice storage) const {
        plan::PlanOptions options;
        options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(rank)};
        options.storage = storage;
        return plan::makePlan(model, checkpoint::selectMatrices(model.matrices(), {targets, ""}),
                              {}, options);
    }

    std::vector<RandomVectorsResult> run(const plan::CompressionPlan& plan,
                                         const RandomVectorsOptions& options,
                                         const method::Calibration* calibration = nullptr,
                                         int threads = 0) const {
        const backend::Compute compute{backend::loadBackend({}), {}, threads};
        return randomVectors({model, plan, calibration, compute}, options, Progress());
    }

    fixtures::TempFolder folder;
    checkpoint::Checkpoint model;
};

TEST_F(RandomVectors, NormalInputsGiveTheRootOfTheKeptEnergy) {
    const auto plan = planFor(5, "q,wi_0,wo", plan::StorageChoice::Auto);
    const auto results = run(plan, withVectors(20'000, 0, Distribution::Normal));
    ASSERT_EQ(results.size(), plan.entries.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        const checkpoint::WeightMatrix& matrix = plan.entries[i].matrix;
        const spectra::Spectrum spectrum(
            matrix.name, matrix.rows, matrix.columns,
            backend::loadBackend({}).algebra({}).singularValues(model.readMatrix(matrix)).values);
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
    const auto one = run(planFor(5, "q", plan::StorageChoice::Factored), withVectors(1));
    for (const RandomVectorsResult& result : one) {
        EXPECT_DOUBLE_EQ(result.cosineMean, result.cosinePooled);
        EXPECT_LT(result.cosineMean, 1);
    }
}

TEST_F(RandomVectors, SeedAndNameDecideAlone) {
    const RandomVectorsOptions options = withVectors(300, 7);
    const auto all = run(planFor(5, "q,k", plan::StorageChoice::Auto), options);
    const auto alone = run(planFor(5, "k", plan::StorageChoice::Auto), options, nullptr, 1);
    ASSERT_EQ(alone[0].name, all[1].name);
    EXPECT_EQ(alone[0].cosinePooled, all[1].cosinePooled);
    EXPECT_EQ(alone[0].cosineMean, all[1].cosineMean);
    auto other = options;
    other.seed = 8;
    EXPECT_NE(run(planFor(5, "k", plan::StorageChoice::Auto), other)[0].cosinePooled,
              alone[0].cosinePooled);
    auto normal = options;
    normal.distribution = Distribution::Normal;
    EXPECT_NE(run(planFor(5, "k", plan::StorageChoice::Auto), normal)[0].cosinePooled,
              alone[0].cosinePooled);
}

TEST_F(RandomVectors, NothingIsLostAtFullRank) {
    for (const auto& result : run(planFor(24, "q", plan::StorageChoice::Auto), withVectors(10))) {
        EXPECT_EQ(result.cosineMean, 1);
        EXPECT_EQ(result.cosinePooled, 1);
        EXPECT_EQ(result.predictedCosine, 1);
        EXPECT_EQ(result.relativeError, 0);
    }
    for (const auto& result :
         run(planFor(24, "q", plan::StorageChoice::Factored), withVectors(10))) {
        EXPECT_NEAR(result.cosineMean, 1, 1e-12);
        EXPECT_NEAR(result.predictedCosine, 1, 1e-12);
        EXPECT_LT(result.relativeError, 1e-12);
    }
}

/// Real inputs whose second moments are made from the vectors themselves.
class MadeUpInputs : public method::Calibration {
 public:
    static constexpr std::int64_t tokens = 40;
    explicit MadeUpInputs(std::int64_t width) : m_width(width) {
        m_record.examples.resize(1);
        m_record.heldOut.resize(1);
    }
    const method::CalibrationRecord& record() const override { return m_record; }
    std::string name() const override { return "made up"; }
    /// Component i of token t; far from isotropic.
    static double x(std::int64_t i, std::int64_t t, bool heldOut) {
        return std::sin(static_cast<double>(1 + i * (t + 1) + (heldOut ? 7 : 0))) /
               static_cast<double>(1 + i);
    }
    backend::InputMoments inputs(const std::string&, bool heldOut) const override {
        backend::InputMoments moments;
        moments.tokens = tokens;
        const auto size = static_cast<std::size_t>(m_width * m_width);
        moments.second = {std::vector<double>(size), m_width, m_width};
        for (std::int64_t t = 0; t < tokens; ++t)
            for (std::int64_t i = 0; i < m_width; ++i)
                for (std::int64_t j = 0; j < m_width; ++j)
                    moments.second.values[static_cast<std::size_t>(i * m_width + j)] +=
                        x(i, t, heldOut) * x(j, t, heldOut);
        return moments;
    }
    backend::GradientMoments gradients(const std::string&) const override { return {}; }

 private:
    std::int64_t m_width;
    method::CalibrationRecord m_record;
};

// The sums over every token's W x and W' x, one by one.
TEST_F(RandomVectors, RealInputsGiveWhatTheirVectorsGive) {
    auto plan = planFor(3, "q", plan::StorageChoice::Factored);
    ASSERT_FALSE(run(plan, withVectors(1)).front().onCalibration);
    const Matrix weight = model.readMatrix(plan.entries[0].matrix);
    const MadeUpInputs calibration(weight.columns);
    const RandomVectorsResult result = run(plan, withVectors(1), &calibration).front();
    const backend::Factors factors = backend::loadBackend({}).algebra({}).truncatedSvd(weight, 3);
    const Matrix cut = backend::loadBackend({}).algebra({}).multiply(factors.left, factors.right);
    for (const bool heldOut : {false, true}) {
        double product = 0, original = 0, compressed = 0, lost = 0;
        for (std::int64_t t = 0; t < MadeUpInputs::tokens; ++t)
            for (std::int64_t row = 0; row < weight.rows; ++row) {
                double y = 0, z = 0;
                for (std::int64_t i = 0; i < weight.columns; ++i) {
                    const auto at = static_cast<std::size_t>(row * weight.columns + i);
                    y += weight.values[at] * MadeUpInputs::x(i, t, heldOut);
                    z += cut.values[at] * MadeUpInputs::x(i, t, heldOut);
                }
                product += y * z;
                original += y * y;
                compressed += z * z;
                lost += (y - z) * (y - z);
            }
        const auto& real = heldOut ? result.onHeldOut : result.onCalibration;
        ASSERT_TRUE(real);
        EXPECT_NEAR(real->cosinePooled, product / std::sqrt(original * compressed), 1e-10);
        EXPECT_NEAR(real->relativeError, std::sqrt(lost / original), 1e-10);
        EXPECT_GT(real->relativeError, 0.01);
    }
    const Json item = toJson(std::vector{result})["results"][0];
    EXPECT_EQ(item["on_held_out"]["cosine_pooled"], result.onHeldOut->cosinePooled);
}

TEST_F(RandomVectors, RefusesNoVectors) {
    EXPECT_THROW(run(planFor(5, "q", plan::StorageChoice::Auto), withVectors(0)), Error);
}

TEST_F(RandomVectors, JsonHasTheDocumentedFields) {
    const Json document = toJson(run(planFor(5, "q", plan::StorageChoice::Auto), withVectors(3)));
    for (const char* key : {"name", "rank", "vectors", "cosine_mean", "cosine_pooled",
                            "relative_error", "predicted_cosine"})
        EXPECT_TRUE(document["results"][0].contains(key)) << key;
}

}  // namespace
}  // namespace rankscope::evaluate
