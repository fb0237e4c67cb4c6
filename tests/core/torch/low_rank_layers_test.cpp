// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/compress/compress.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "tests/core/torch/t5_model_fixture.h"

namespace rankscope {
namespace {

/// Seeded numbers in [-1, 1).
backend::Tensor randomTensor(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
    std::vector<double> values(static_cast<std::size_t>(rows * columns));
    for (double& value : values) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        value = static_cast<double>(seed >> 40U) * 0x1p-23 - 1;
    }
    return {DType::F32, {rows, columns}, fromFloat64(DType::F32, values)};
}

std::vector<double> valuesOf(const backend::Tensor& tensor) {
    return toFloat64(tensor.dtype, tensor.bytes);
}

/// Plain product a · b, so that nothing of the program's own multiplication is trusted here.
std::vector<double> product(const backend::Tensor& a, const backend::Tensor& b) {
    const std::vector<double> left = valuesOf(a), right = valuesOf(b);
    const auto rows = static_cast<std::size_t>(a.shape[0]);
    const auto inner = static_cast<std::size_t>(a.shape[1]);
    const auto columns = static_cast<std::size_t>(b.shape[1]);
    std::vector<double> result(rows * columns);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t k = 0; k < inner; ++k)
            for (std::size_t j = 0; j < columns; ++j)
                result[i * columns + j] += left[i * inner + k] * right[k * columns + j];
    return result;
}

/// The same matrix twice: in a low-rank form, and multiplied out (float64 inside).
struct BothForms {
    backend::LayerWeights thin, dense;
};

BothForms factored(std::int64_t out, std::int64_t in, std::int64_t rank, std::uint64_t seed) {
    BothForms forms;
    forms.thin.down = randomTensor(rank, in, seed);
    forms.thin.up = randomTensor(out, rank, seed + 1);
    forms.dense.dense = {
        DType::F64, {out, in}, fromFloat64(DType::F64, product(forms.thin.up, forms.thin.down))};
    return forms;
}

BothForms pivoted(std::int64_t out, std::int64_t in, std::int64_t rank, std::uint64_t seed) {
    BothForms forms;
    forms.thin.down = randomTensor(rank, in, seed);
    forms.thin.mix = randomTensor(out - rank, rank, seed + 1);
    const std::vector<double> top = valuesOf(forms.thin.down);
    const std::vector<double> rest = product(forms.thin.mix, forms.thin.down);
    std::vector<double> whole(static_cast<std::size_t>(out * in));
    for (std::int64_t i = 0; i < out; ++i) {
        const std::int64_t row = (i * 7 + 3) % out;  // a permutation: 7 does not divide `out`
        forms.thin.rows.push_back(row);
        const double* from = i < rank ? top.data() + i * in : rest.data() + (i - rank) * in;
        std::copy_n(from, in, whole.begin() + row * in);
    }
    forms.dense.dense = {DType::F64, {out, in}, fromFloat64(DType::F64, whole)};
    return forms;
}

using Form = BothForms (*)(std::int64_t, std::int64_t, std::int64_t, std::uint64_t);

/// Gives the matrices these forms in turn (null: as it is) and compares with the dense twins.
void expectSameModel(const Checkpoint& checkpoint, const std::vector<Form>& forms) {
    ChangedWeights thin(checkpoint), dense(checkpoint);
    std::uint64_t seed = 1;
    for (const checkpoint::WeightMatrix& matrix : checkpoint.matrices()) {
        const Form form = forms[seed++ % forms.size()];
        if (form == nullptr) continue;
        const std::int64_t rank = 3 + static_cast<std::int64_t>(seed % 5);
        BothForms both = form(matrix.rows, matrix.columns, rank, seed * 100);
        thin.changed[matrix.module()] = std::move(both.thin);
        dense.changed[matrix.module()] = std::move(both.dense);
    }
    const auto dimensions = checkpoint.config();
    const std::vector<TokenIds> sources{{5, 9, 1}, {17, 4, 8, 99, 23, 61, 3, 1}};
    const std::vector<TokenIds> inputs{{0, 12, 44, 7}, {0, 3}};
    const auto a = open(dimensions, thin, backend::ComputeType::Float32);
    const auto b = open(dimensions, dense, backend::ComputeType::Float32);
    const Activations expected = b->activations(sources, inputs, false);
    float largest = 1;
    for (const float value : expected.logits) largest = std::max(largest, std::abs(value));
    // Random factors make numbers larger than a model's: the bound is relative to the logits.
    EXPECT_LE(largestDifference(a->activations(sources, inputs, false).logits, expected.logits),
              2e-5 * largest);
    EXPECT_LE(largestDifference(a->activations(sources, inputs, true).logits, expected.logits),
              2e-5 * largest);
}

TEST(LowRankLayers, FactoredGiveWhatTheirProductGives) {
    expectSameModel(goldenCheckpoint("A"), {factored});
    expectSameModel(goldenCheckpoint("B"), {factored});
}

TEST(LowRankLayers, PivotedGiveWhatTheirProductGives) {
    expectSameModel(goldenCheckpoint("A"), {pivoted});
    expectSameModel(goldenCheckpoint("B"), {pivoted});
}

TEST(LowRankLayers, FormsMixInOneModel) {
    for (const char* kind : {"A", "B", "C2"}) {
        const Checkpoint checkpoint = goldenCheckpoint(kind);
        expectSameModel(checkpoint, {factored, nullptr, pivoted});
        expectSameModel(checkpoint, {pivoted, factored, nullptr, nullptr});
    }
}

/// A plan of all matrices at full rank: W' is W up to rounding.
plan::CompressionPlan fullRank(const Checkpoint& source, plan::StorageChoice storage,
                               const std::string& targets) {
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Ratio, 1.0};
    options.storage = storage;
    plan::CompressionPlan plan = plan::makePlan(
        source, checkpoint::selectMatrices(source.matrices(), {targets, ""}), {}, options);
    for (const plan::PlanEntry& entry : std::vector(plan.entries))
        plan = plan::withRank(source, plan, entry.matrix.name, entry.matrix.fullRank(), storage,
                              nullptr);
    return plan;
}

class SavedForms : public ::testing::TestWithParam<plan::StorageChoice> {};

TEST_P(SavedForms, FullRankFoldersAndPlansGiveTheModelItself) {
    const fixtures::TempFolder folder;
    const Checkpoint source =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "source", {.seed = 5}).string());
    const plan::CompressionPlan plan = fullRank(source, GetParam(), "all");
    compress::CompressOptions options;
    options.target = folder / "out";
    const backend::Compute compute{engine()};
    compress::compress({source, plan, nullptr, compute}, options, {});
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    ASSERT_NE(saved.matrices()[1].storage, checkpoint::Storage::Dense);
    const std::vector<TokenIds> sources{{5, 9, 1}, {17, 4, 8, 99, 23, 61, 3, 1}};
    const std::vector<TokenIds> inputs{{0, 12, 44, 7}, {0, 3}};
    const Activations expected = open(source)->activations(sources, inputs, false);
    EXPECT_LE(largestDifference(open(saved)->activations(sources, inputs, false), expected), 1e-5);
    const compress::PlannedModel model{source, plan, nullptr, compute};
    const auto factors = compress::factorsOf(model, {});
    const compress::PlannedWeights planned(model, factors, compress::PlannedForm::AsStored);
    const auto inMemory = open(source.config(), planned, backend::ComputeType::Float32);
    EXPECT_LE(largestDifference(inMemory->activations(sources, inputs, false), expected), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Storage, SavedForms,
                         ::testing::Values(plan::StorageChoice::Factored,
                                           plan::StorageChoice::Pivoted),
                         [](const auto& choice) {
                             return choice.param == plan::StorageChoice::Factored ? "Factored"
                                                                                  : "Pivoted";
                         });

TEST(PlannedWeights, AreThoseThatAreSaved) {
    const fixtures::TempFolder folder;
    const Checkpoint source = checkpoint::openCheckpoint(
        fixtures::writeTinyT5(folder / "source", {.tied = true}).string());
    plan::PlanOptions planOptions;
    planOptions.target = {plan::RankTarget::Kind::Rank, 6};
    const plan::CompressionPlan plan = plan::makePlan(
        source, checkpoint::selectMatrices(source.matrices(), {"all", ""}), {}, planOptions);
    compress::CompressOptions options;
    options.target = folder / "out";
    const backend::Compute compute{engine()};
    compress::compress({source, plan, nullptr, compute}, options, {});
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    const compress::PlannedModel model{source, plan, nullptr, compute};
    const auto factors = compress::factorsOf(model, {});
    const compress::PlannedWeights planned(model, factors, compress::PlannedForm::AsStored);
    const model::CheckpointWeights written(saved);
    for (const checkpoint::WeightMatrix& matrix : source.matrices()) {
        const backend::LayerWeights a = planned.matrix(matrix.module());
        const backend::LayerWeights b = written.matrix(matrix.module());
        EXPECT_EQ(a.dense.bytes, b.dense.bytes) << matrix.name;
        EXPECT_EQ(a.down.bytes, b.down.bytes) << matrix.name;
        EXPECT_EQ(a.up.bytes, b.up.bytes) << matrix.name;
        EXPECT_EQ(a.mix.bytes, b.mix.bytes) << matrix.name;
        EXPECT_EQ(a.rows, b.rows) << matrix.name;
    }
}

}  // namespace
}  // namespace rankscope
