// SPDX-License-Identifier: Apache-2.0
#include "core/compress/refine.h"

#include <gmock/gmock.h>

#include "core/base/error.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/plan/slim_plan.h"
#include "tests/core/compress/compress_fixture.h"
#include "tests/core/compress/seen_tokens.h"

namespace rankscope::compress {
namespace {

using plan::StorageChoice;
using ::testing::HasSubstr;

struct Case {
    const char* name;
    const char* method;
    StorageChoice storage;
    std::optional<DType> dtype = {};  // of the save

    friend void PrintTo(const Case& kind, std::ostream* out) { *out << kind.name; }
};

class RefinedCompress : public CompressTest, public ::testing::WithParamInterface<Case> {
 protected:
    static plan::CompressionPlan planOf(const checkpoint::Checkpoint& source, const Case& kind) {
        plan::PlanOptions options;
        options.method = kind.method;
        options.target = {plan::RankTarget::Kind::Ratio, 0.6};
        if (kind.storage == StorageChoice::Dense)
            options.target = {plan::RankTarget::Kind::Rank, 6};
        options.storage = kind.storage;
        options.settings.refine = true;
        options.settings.refinePasses = 3;
        return plan::makePlan(source,
                              checkpoint::selectMatrices(source.matrices(), {"attention,ffn", ""}),
                              {}, options);
    }

    static backend::Activations activationsOf(const t5::T5Config& config,
                                              const backend::WeightSource& weights,
                                              const SeenTokens& seen) {
        return engine()
            .openSeq2Seq(config, weights, {}, {})
            ->activations(std::span(seen.sources).first(3), std::span(seen.targets).first(3),
                          /*stepwise=*/false);
    }

    static std::vector<double> valuesOf(const checkpoint::Checkpoint& from,
                                        const std::string& name) {
        return from.readTensor(*from.findTensor(name)).values;
    }
};

TEST_P(RefinedCompress, ASavedFolderIsTheRefinedModelOfThePlan) {
    const Case& kind = GetParam();
    const auto source = make();
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    const plan::CompressionPlan plan = planOf(source, kind);
    const PlannedModel planned{source, plan, &seen, compute};
    CompressOptions options = into("refined");
    options.dtype = kind.dtype;
    const CompressResult result = compress(planned, options, quiet);
    EXPECT_TRUE(result.verified);
    EXPECT_EQ(result.parameters.stored, plan.parameters.stored);
    for (const LayerResult& layer : result.layers) EXPECT_GT(layer.relativeError, 0) << layer.name;

    // Each block has gained on dialogues that it was not trained on, or is unchanged.
    ASSERT_TRUE(result.refinement.has_value());
    ASSERT_EQ(result.refinement->size(), 4U);
    bool gained = false;
    for (const BlockLosses& block : *result.refinement) {
        EXPECT_LE(block.heldOutAfter, block.heldOutBefore) << block.block;
        EXPECT_EQ(block.heldOutAfter<block.heldOutBefore, block.bestPass> 0) << block.block;
        gained = gained || block.bestPass > 0;
    }
    EXPECT_TRUE(gained);
    const Json record =
        parseJson(fixtures::readFile(folder / "refined" / "rankscope.json"), "rankscope.json");
    EXPECT_EQ(record.at("refined"), true);
    EXPECT_EQ(record.at("refinement"), toJson(result).at("refinement"));
    EXPECT_EQ(record.at("refinement")[3].at("block"), "decoder.block.1");

    const FactorSource factors = factorsOf(planned, quiet);
    ASSERT_NE(factors.refined(), nullptr);
    const auto saved = checkpoint::openCheckpoint((folder / "refined").string());
    EXPECT_FALSE(factors.refined()->norms.empty());
    for (const auto& [name, norm] : factors.refined()->norms) {
        const DType dtype = kind.dtype.value_or(DType::F32);
        EXPECT_EQ(valuesOf(saved, name), toFloat64(dtype, fromFloat64(dtype, norm))) << name;
        EXPECT_NE(valuesOf(saved, name), valuesOf(source, name)) << name;
    }
    if (kind.dtype) return;
    const PlannedWeights inMemory(planned, factors, PlannedForm::AsStored);
    EXPECT_EQ(activationsOf(saved.config(), model::CheckpointWeights(saved), seen).logits,
              activationsOf(plan::plannedConfig(source, plan), inMemory, seen).logits);
}

TEST_P(RefinedCompress, WithoutPassesItIsThePlanWithoutRefinement) {
    const Case& kind = GetParam();
    const auto source = make();
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    plan::CompressionPlan plan = planOf(source, kind);
    plan.settings.refinePasses = 0;
    const PlannedModel planned{source, plan, &seen, compute};
    plan::CompressionPlan other = plan;
    other.settings.refine = false;
    const PlannedModel plain{source, other, &seen, compute};
    const FactorSource refined = factorsOf(planned, quiet), unrefined = factorsOf(plain, quiet);
    EXPECT_EQ(unrefined.refined(), nullptr);
    const PlannedWeights a(planned, refined, PlannedForm::AsStored);
    const PlannedWeights b(plain, unrefined, PlannedForm::AsStored);
    const t5::T5Config config = plan::plannedConfig(source, plan);
    EXPECT_EQ(activationsOf(config, a, seen).logits, activationsOf(config, b, seen).logits);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RefinedCompress,
    ::testing::Values(Case{"plain", "slim", StorageChoice::Plain},
                      Case{"sizes", "slim", StorageChoice::Sizes},
                      Case{"dense", "svd", StorageChoice::Dense},
                      Case{"factored", "svd", StorageChoice::Factored},
                      Case{"pivoted", "svd", StorageChoice::Pivoted},
                      Case{"walked", "compensated", StorageChoice::Pivoted},
                      Case{"half", "svd", StorageChoice::Factored, DType::BF16},
                      Case{"halfSizes", "slim", StorageChoice::Sizes, DType::F16}),
    [](const auto& test) { return test.param.name; });

using Refine = RefinedCompress;

TEST_F(Refine, MatricesThatThePlanLeavesStay) {
    const auto source = make();
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Rank, 4};
    options.settings.refine = true;
    options.settings.refinePasses = 2;
    const auto plan = plan::makePlan(
        source, checkpoint::selectMatrices(source.matrices(), {"q", ""}), {}, options);
    compress({source, plan, &seen, compute}, into("queries"), quiet);
    const auto saved = checkpoint::openCheckpoint((folder / "queries").string());
    std::size_t stay = 0;
    for (const checkpoint::TensorEntry& tensor : source.tensors()) {
        if (tensor.name.find("layer_norm") != std::string::npos &&
            tensor.name.find("final") == std::string::npos)
            continue;
        if (tensor.name.ends_with(".q.weight")) continue;
        EXPECT_EQ(saved.readBytes(*saved.findTensor(tensor.name)), source.readBytes(tensor))
            << tensor.name;
        ++stay;
    }
    EXPECT_GT(stay, 20U);
}

TEST_F(Refine, NeedsHeldOutDialogues) {
    const auto source = make();
    SeenTokens seen(source, engine());
    seen.forgetHeldOut();
    const backend::Compute compute{engine(), {}, 2};
    const auto plan = planOf(source, {"", "svd", StorageChoice::Factored});
    const auto refusal = [&](const method::Calibration* calibration) {
        try {
            compress({source, plan, calibration, compute}, into("none"), quiet);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_THAT(refusal(&seen), HasSubstr("run `calibrate` with --held-out"));
    EXPECT_THAT(refusal(nullptr), HasSubstr("--refine"));
    EXPECT_FALSE(std::filesystem::exists(folder / "none"));
}

/// A block whose numbers overflow is named in a warning, and the save is that of the start.
TEST_F(Refine, NamesABlockThatIsLeftAsItWas) {
    auto tensors = fixtures::tinyTensors({});
    for (fixtures::TinyTensor& tensor : tensors)
        if (tensor.name == "encoder.block.1.layer.1.layer_norm.weight")
            for (double& value : tensor.values) value = 1e30;
    fixtures::writeTinyT5(folder / "source");
    fixtures::writeFile(folder / "source" / "model.safetensors",
                        fixtures::safetensorsBytes(tensors, DType::F32));
    const auto source = checkpoint::openCheckpoint((folder / "source").string());
    class Calibrated : public method::Calibration {
     public:
        explicit Calibrated(method::CalibrationRecord record) : m_record(std::move(record)) {}
        const method::CalibrationRecord& record() const override { return m_record; }
        std::string name() const override { return "seen"; }
        backend::InputMoments inputs(const std::string&, bool) const override { return {}; }
        backend::GradientMoments gradients(const std::string&) const override { return {}; }

     private:
        method::CalibrationRecord m_record;
    };
    method::CalibrationRecord record;
    record.examples = {{"a", {5, 6, 7, 8}, {9, 10, 1}}, {"b", {15, 16, 17}, {19, 20, 1}}};
    record.heldOut = {{"c", {25, 26, 7}, {29, 10, 1}}};
    const Calibrated seen(record);
    class Warned : public Progress {
     public:
        void warn(std::string_view sentence) const override { all.emplace_back(sentence); }
        mutable std::vector<std::string> all;
    } warned;
    const backend::Compute compute{engine(), {}, 2};
    const plan::CompressionPlan plan = planOf(source, {"", "svd", StorageChoice::Factored});
    const PlannedModel planned{source, plan, &seen, compute};
    const FactorSource factors = factorsOf(planned, warned);
    ASSERT_FALSE(warned.all.empty());
    EXPECT_THAT(warned.all.front(), HasSubstr("encoder.block.1 was left as it was"));
    EXPECT_FALSE(factors.refined()->blocks[0].leftAsItWas);
    EXPECT_TRUE(factors.refined()->blocks[1].leftAsItWas);
}

}  // namespace
}  // namespace rankscope::compress
