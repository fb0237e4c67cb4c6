// SPDX-License-Identifier: Apache-2.0
// What the GPU computes against what the CPU does. Without a GPU every test skips and says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "core/backend/backend.h"
#include "core/base/own_path.h"
#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/summarizer.h"

namespace rankscope {
namespace {

class Cuda : public testing::Test {
 protected:
    void SetUp() override {
        const backend::BackendInfo info = backend().info();
        if (info.gpus.empty()) GTEST_SKIP() << "no GPU: " << info.cudaReason;
    }

    static const backend::Backend& backend() { return backend::loadBackend({}); }
    static backend::Device gpu() { return backend().chooseDevice("cuda"); }

    static checkpoint::Checkpoint demo() {
        return checkpoint::openCheckpoint(sharedResource("demo").string());
    }
    static std::unique_ptr<backend::Seq2Seq> model(const checkpoint::Checkpoint& checkpoint,
                                                   const backend::Seq2SeqOptions& options) {
        return backend().openSeq2Seq(evaluate::dimensionsOf(checkpoint),
                                     evaluate::CheckpointWeights(checkpoint), options, {});
    }
    /// Ragged sources of pieces that the demo's vocabulary has.
    static std::vector<backend::TokenIds> sources() {
        std::vector<backend::TokenIds> rows;
        for (int row = 0; row < 5; ++row) {
            backend::TokenIds ids;
            for (int i = 0; i < 9 + 17 * row; ++i) ids.push_back(3 + (37 * i + 101 * row) % 900);
            ids.push_back(1);
            rows.push_back(ids);
        }
        return rows;
    }
};

TEST_F(Cuda, SingularValuesEqualTheCpus) {
    const checkpoint::Checkpoint checkpoint = demo();
    for (const checkpoint::WeightMatrix& matrix : checkpoint.matrices()) {
        if (matrix.sublayer != checkpoint::Sublayer::FeedForward) continue;
        const Matrix weight = checkpoint.readMatrix(matrix);
        const auto onCpu = backend().singularValues(weight, {}).values;
        const auto onGpu = backend().singularValues(weight, gpu()).values;
        ASSERT_EQ(onCpu.size(), onGpu.size());
        for (std::size_t i = 0; i < onCpu.size(); ++i)
            EXPECT_NEAR(onGpu[i], onCpu[i], 1e-9 * onCpu[0]) << matrix.name << ' ' << i;
    }
}

TEST_F(Cuda, TruncatedSvdReachesTheSameError) {
    const checkpoint::Checkpoint checkpoint = demo();
    const checkpoint::WeightMatrix& matrix = checkpoint.matrices()[1];
    const Matrix weight = checkpoint.readMatrix(matrix);
    const auto error = [&](const backend::Device& device) {
        const backend::Factors factors = backend().truncatedSvd(weight, 8, device);
        const Matrix product = backend().multiply(factors.left, factors.right, device);
        double sum = 0;
        for (std::size_t i = 0; i < weight.values.size(); ++i)
            sum += std::pow(weight.values[i] - product.values[i], 2);
        return std::sqrt(sum);
    };
    EXPECT_NEAR(error(gpu()), error({}), 1e-9 * error({}));
}

TEST_F(Cuda, LossEqualsTheCpus) {
    const checkpoint::Checkpoint checkpoint = demo();
    const auto onCpu = model(checkpoint, {});
    const auto onGpu = model(checkpoint, {.device = gpu()});
    const auto inputs = sources();
    const auto a = onCpu->loss(inputs, inputs, {});
    const auto b = onGpu->loss(inputs, inputs, {});
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].tokens, b[i].tokens);
        EXPECT_NEAR(b[i].sum, a[i].sum, 1e-4 * a[i].sum) << i;
    }
}

TEST_F(Cuda, HiddenStatesEqualTheCpus) {
    const checkpoint::Checkpoint checkpoint = demo();
    const auto inputs = sources();
    const auto a = model(checkpoint, {})->activations(inputs, inputs, false);
    const auto b = model(checkpoint, {.device = gpu()})->activations(inputs, inputs, false);
    const auto stepwise = model(checkpoint, {.device = gpu()})->activations(inputs, inputs, true);
    EXPECT_THAT(b.logits, testing::Pointwise(testing::FloatNear(1e-3F), a.logits));
    EXPECT_THAT(stepwise.logits, testing::Pointwise(testing::FloatNear(1e-3F), a.logits));
    ASSERT_EQ(a.encoder.size(), b.encoder.size());
    for (std::size_t layer = 0; layer < a.encoder.size(); ++layer)
        EXPECT_THAT(b.encoder[layer],
                    testing::Pointwise(testing::FloatNear(1e-3F), a.encoder[layer]));
}

TEST_F(Cuda, GeneratesTheSameIds) {
    const checkpoint::Checkpoint checkpoint = demo();
    const auto onCpu = model(checkpoint, {});
    const auto onGpu = model(checkpoint, {.device = gpu()});
    for (const std::int64_t beams : {1, 4}) {
        const backend::GenerationOptions options{.beams = beams, .maxNewTokens = 40};
        const auto a = onCpu->generate(sources(), options, {});
        const auto b = onGpu->generate(sources(), options, {});
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].ids, b[i].ids) << beams;
    }
}

TEST_F(Cuda, BFloat16StaysNearFloat32) {
    const checkpoint::Checkpoint checkpoint = demo();
    const auto exact = model(checkpoint, {})->loss(sources(), sources(), {});
    const auto half =
        model(checkpoint, {.device = gpu(), .compute = backend::ComputeType::BFloat16})
            ->loss(sources(), sources(), {});
    for (std::size_t i = 0; i < exact.size(); ++i)
        EXPECT_NEAR(half[i].sum, exact[i].sum, 0.05 * exact[i].sum) << i;
}

}  // namespace
}  // namespace rankscope
