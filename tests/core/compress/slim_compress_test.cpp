// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/compress/slim_cut.h"
#include "core/method/slim.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/slim_plan.h"
#include "core/t5/t5_layout.h"
#include "tests/core/compress/compress_fixture.h"
#include "tests/core/compress/seen_tokens.h"

namespace rankscope::compress {
namespace {

using backend::TokenIds;
using fixtures::TinyT5;
using plan::StorageChoice;
using ::testing::HasSubstr;

class SlimCompress : public CompressTest, public ::testing::WithParamInterface<int> {
 protected:
    static plan::CompressionPlan planOf(const checkpoint::Checkpoint& source, double ratio,
                                        StorageChoice storage, const std::string& targets = "all") {
        plan::PlanOptions options;
        options.method = "slim";
        options.target = {plan::RankTarget::Kind::Ratio, ratio};
        options.storage = storage;
        return plan::makePlan(source, checkpoint::selectMatrices(source.matrices(), {targets, ""}),
                              {}, options);
    }

    /// Sizes that differ from head to head and layer to layer.
    static plan::CompressionPlan unevenPlan(const checkpoint::Checkpoint& source) {
        plan::CompressionPlan made = planOf(source, 1, StorageChoice::Sizes);
        std::int64_t next = 0;
        for (auto& [name, sizes] : made.sizes) {
            for (std::int64_t& size : sizes.scores) size = 1 + (next += 3) % size;
            for (std::int64_t& size : sizes.values) size = 1 + (next += 5) % size;
            if (sizes.units > 0) sizes.units -= 7 + next % 20;
        }
        for (plan::PlanEntry& entry : made.entries)
            entry =
                plan::slimEntry(entry.matrix,
                                made.sizes.at(t5::sublayerName(
                                    entry.matrix.stack, entry.matrix.block, entry.matrix.sublayer)),
                                plan::Cut::Sizes);
        return made;
    }

    static backend::Activations activationsOf(backend::Seq2Seq& network, const SeenTokens& seen) {
        return network.activations(std::span(seen.sources).first(3),
                                   std::span(seen.targets).first(3), /*stepwise=*/false);
    }

    static double apart(const std::vector<float>& a, const std::vector<float>& b) {
        EXPECT_EQ(a.size(), b.size());
        double largest = 0, most = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            largest = std::max<double>(largest, std::abs(a[i]));
            most = std::max<double>(most, std::abs(a[i] - b[i]));
        }
        return most / largest;
    }

    std::unique_ptr<backend::Seq2Seq> network(const t5::T5Config& config,
                                              const backend::WeightSource& weights) {
        return engine().openSeq2Seq(config, weights, {}, {});
    }

    static TinyT5 shapeOf(int kind) {
        switch (kind) {
            case 0:
                return {};  // gated, untied, heads · d_kv other than d_model
            case 1:
                return {.dModel = 24,
                        .dFf = 40,
                        .heads = 4,
                        .dKv = 6,
                        .encoderLayers = 1,
                        .decoderLayers = 3,
                        .gated = false,
                        .tied = true};
            default:
                return {.dModel = 16,
                        .dFf = 24,
                        .heads = 2,
                        .dKv = 20,
                        .encoderLayers = 2,
                        .decoderLayers = 1};  // heads wider than the model
        }
    }
};

TEST_P(SlimCompress, AtFullSizeTheModelIsTheSame) {
    const auto source = make(shapeOf(GetParam()));
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    const auto original = network(source.config(), model::CheckpointWeights(source));
    const auto expected = activationsOf(*original, seen);
    for (const StorageChoice storage : {StorageChoice::Plain, StorageChoice::Sizes}) {
        plan::CompressionPlan plan = planOf(source, 1, storage);
        EXPECT_EQ(plan.parameters.stored, source.parameterCount());
        plan.settings.ridge = 1e-6;
        const PlannedModel planned{source, plan, &seen, compute};
        const FactorSource factors = factorsOf(planned, quiet);
        const auto cut = network(plan::plannedConfig(source, plan),
                                 PlannedWeights(planned, factors, PlannedForm::AsStored));
        EXPECT_LE(apart(activationsOf(*cut, seen).logits, expected.logits), 2e-4);
    }
}

TEST_P(SlimCompress, ASavedFolderIsTheModelOfThePlan) {
    const auto source = make(shapeOf(GetParam()));
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    for (const plan::CompressionPlan& plan :
         {planOf(source, 0.6, StorageChoice::Plain), unevenPlan(source)}) {
        const bool plain = plan.entries[0].cut == plan::Cut::Plain;
        const PlannedModel planned{source, plan, &seen, compute};
        const FactorSource factors = factorsOf(planned, quiet);
        const auto inMemory = network(plan::plannedConfig(source, plan),
                                      PlannedWeights(planned, factors, PlannedForm::AsStored));
        const CompressResult result = compress(planned, into(plain ? "plain" : "sizes"), quiet);
        EXPECT_TRUE(result.verified);
        const auto saved =
            checkpoint::openCheckpoint((folder / (plain ? "plain" : "sizes")).string());
        std::int64_t stored = 0;
        for (const checkpoint::TensorEntry& tensor : saved.tensors())
            stored += elementCount(tensor.shape).value_or(0);
        if (plain) EXPECT_EQ(stored, plan.parameters.stored);
        EXPECT_EQ(saved.parameterCount(), stored);
        EXPECT_EQ(result.parameters.stored, stored);
        EXPECT_EQ(saved.config().modelType, plain ? "t5" : "rankscope_t5");
        EXPECT_EQ(saved.configJson().contains("rankscope"), !plain);
        EXPECT_EQ(std::filesystem::exists(saved.folder() / "modeling_rankscope_t5.py"), !plain);
        const auto read = network(saved.config(), model::CheckpointWeights(saved));
        EXPECT_EQ(activationsOf(*read, seen).logits, activationsOf(*inMemory, seen).logits);
        for (const LayerResult& layer : result.layers) {
            EXPECT_EQ(storageName(layer), plain ? "plain" : "sizes");
            EXPECT_NEAR(layer.relativeError, layer.predictedError, 1e-5);
        }
    }
}

/// The model with zeros in place of what is gone has the shapes of the original, and nothing of
/// heads of other widths in it.
TEST_P(SlimCompress, HeadsOfTheirOwnWidthGiveWhatZerosBehindThemGive) {
    const auto source = make(shapeOf(GetParam()));
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    const plan::CompressionPlan plan = unevenPlan(source);
    const PlannedModel planned{source, plan, &seen, compute};
    const FactorSource factors = factorsOf(planned, quiet);

    class Padded : public backend::WeightSource {
     public:
        Padded(const PlannedModel& model, const FactorSource& cut)
            : m_model(model), m_cut(cut), m_source(model.checkpoint) {}
        backend::LayerWeights matrix(const std::string& module) const override {
            for (const plan::PlanEntry& entry : m_model.plan.entries)
                if (entry.matrix.module() == module) return padded(entry);
            return m_source.matrix(module);
        }
        backend::Tensor tensor(const std::string& name) const override {
            return m_source.tensor(name);
        }

     private:
        backend::LayerWeights padded(const plan::PlanEntry& entry) const {
            const checkpoint::WeightMatrix& m = entry.matrix;
            const t5::SublayerSizes& sizes =
                m_model.plan.sizes.at(t5::sublayerName(m.stack, m.block, m.sublayer));
            const bool scores = m.role == checkpoint::Role::Q || m.role == checkpoint::Role::K;
            const std::vector<std::int64_t> blocks = sizes.units > 0 ? std::vector{sizes.units}
                                                     : scores        ? sizes.scores
                                                                     : sizes.values;
            const std::int64_t width =
                sizes.units > 0 ? m_model.checkpoint.config().dFf : m_model.checkpoint.config().dKv;
            const bool out = m.role == checkpoint::Role::O || m.role == checkpoint::Role::Wo;
            const Matrix& few = m_cut.cutMatrix(entry);
            std::vector<double> all(static_cast<std::size_t>(m.rows * m.columns), 0.0);
            std::int64_t from = 0;
            for (std::size_t b = 0; b < blocks.size(); ++b)
                for (std::int64_t i = 0; i < blocks[b]; ++i, ++from)
                    for (std::int64_t j = 0; j < (out ? m.rows : m.columns); ++j) {
                        const std::int64_t to = static_cast<std::int64_t>(b) * width + i;
                        all[static_cast<std::size_t>(out ? j * m.columns + to
                                                         : to * m.columns + j)] =
                            few.values[static_cast<std::size_t>(out ? j * few.columns + from
                                                                    : from * few.columns + j)];
                    }
            backend::LayerWeights weights;
            weights.dense = {DType::F32, {m.rows, m.columns}, fromFloat64(DType::F32, all)};
            return weights;
        }

        const PlannedModel& m_model;
        const FactorSource& m_cut;
        model::CheckpointWeights m_source;
    };

    const auto cut = network(plan::plannedConfig(source, plan),
                             PlannedWeights(planned, factors, PlannedForm::AsStored));
    const auto padded = network(source.config(), Padded(planned, factors));
    const auto expected = activationsOf(*padded, seen);
    EXPECT_LE(apart(activationsOf(*cut, seen).logits, expected.logits), 2e-5);
    // Token by token, with the caches.
    const auto stepwise = cut->activations(std::span(seen.sources).first(3),
                                           std::span(seen.targets).first(3), /*stepwise=*/true);
    EXPECT_LE(apart(stepwise.logits, expected.logits), 2e-5);
    backend::GenerationOptions beams;
    beams.beams = 3;
    beams.maxNewTokens = 12;
    const auto a = cut->generate(seen.sources, beams, quiet);
    const auto b = padded->generate(seen.sources, beams, quiet);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].ids, b[i].ids) << i;
    // bfloat16 goes through ATen and its own caches.
    const backend::Seq2SeqOptions half{{}, backend::ComputeType::BFloat16};
    const auto narrow =
        engine().openSeq2Seq(plan::plannedConfig(source, plan),
                             PlannedWeights(planned, factors, PlannedForm::AsStored), half, {});
    EXPECT_LE(apart(activationsOf(*narrow, seen).logits, expected.logits), 0.1);
    EXPECT_EQ(narrow->generate(seen.sources, beams, quiet).size(), seen.sources.size());
}

/// A model with sizes of its own can be calibrated and walked through like any other.
TEST_P(SlimCompress, SizesAreReadByCalibrationAndWalk) {
    const auto source = make(shapeOf(GetParam()));
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    const plan::CompressionPlan plan = unevenPlan(source);
    compress({source, plan, &seen, compute}, into("sizes"), quiet);
    const auto sized = checkpoint::openCheckpoint((folder / "sizes").string());
    const SeenTokens again(sized, engine());
    const model::CheckpointWeights weights(sized);
    const auto walk =
        engine().openLayerWalk(sized.config(), weights, {}, {again.sources, again.targets}, {});
    std::size_t matrices = 0;
    while (const auto group = walk->next({}))
        for (const std::string& module : group->modules) {
            const Matrix expected = again.inputs(module, false).second;
            ASSERT_EQ(group->original.values.size(), expected.values.size()) << module;
            EXPECT_LE(distance(group->original, expected), 1e-6 * frobeniusNorm(expected))
                << module;
            if (const auto* matrix = sized.findMatrix(module + ".weight"))
                EXPECT_EQ(expected.rows, matrix->columns) << module;
            ++matrices;
        }
    EXPECT_GE(matrices, sized.matrices().size() - 1);
    // And compressed further, by low rank.
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Ratio, 0.9};
    const auto lower = plan::makePlan(
        sized, checkpoint::selectMatrices(sized.matrices(), {"attention", ""}), {}, options);
    compress({sized, lower, nullptr, compute}, into("both"), quiet);
    const auto both = checkpoint::openCheckpoint((folder / "both").string());
    EXPECT_EQ(both.config().sizes, sized.config().sizes);
    const auto read = network(both.config(), model::CheckpointWeights(both));
    EXPECT_TRUE(std::isfinite(read->loss(again.sources, again.targets, quiet).front().sum));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SlimCompress, ::testing::Values(0, 1, 2));

using SlimOutput = SlimCompress;

TEST_F(SlimOutput, TheWalkMakesUpForWhatIsLost) {
    const auto source = make();
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    const plan::CompressionPlan plan = planOf(source, 0.5, StorageChoice::Plain);
    const PlannedModel planned{source, plan, &seen, compute};
    const FactorSource factors = factorsOf(planned, quiet);
    const auto original = network(source.config(), model::CheckpointWeights(source));
    const auto cut = network(plan::plannedConfig(source, plan),
                             PlannedWeights(planned, factors, PlannedForm::AsStored));
    // With a very large ridge o and wo stay as they were cut.
    plan::CompressionPlan still = plan;
    still.settings.ridge = 1e9;
    const PlannedModel without{source, still, &seen, compute};
    const FactorSource unfitted = factorsOf(without, quiet);
    const auto plainCut = network(plan::plannedConfig(source, still),
                                  PlannedWeights(without, unfitted, PlannedForm::AsStored));
    const auto last = [&](backend::Seq2Seq& model) {
        return model.activations(seen.sources, seen.targets, false).encoder.back();
    };
    const auto error = [&](const std::vector<float>& a, const std::vector<float>& b) {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(a[i] - b[i], 2);
        return sum;
    };
    const auto expected = last(*original);
    EXPECT_LT(error(last(*cut), expected), 0.9 * error(last(*plainCut), expected));
}

TEST_F(SlimOutput, HalfTypesAreWrittenAndRead) {
    for (const DType dtype : {DType::F16, DType::BF16}) {
        TinyT5 shape;
        shape.dtype = dtype;
        const auto source = make(shape);
        const SeenTokens seen(source, engine());
        const backend::Compute compute{engine(), {}, 2};
        const plan::CompressionPlan plan = planOf(source, 0.6, StorageChoice::Plain);
        const std::string name(dtypeName(dtype));
        const CompressResult result = compress({source, plan, &seen, compute}, into(name), quiet);
        EXPECT_TRUE(result.verified);
        const auto saved = checkpoint::openCheckpoint((folder / name).string());
        EXPECT_EQ(saved.matrices()[1].dtype, dtype);
        EXPECT_EQ(saved.byteCount() < source.byteCount(), true);
    }
}

TEST_F(SlimOutput, SizesThatDoNotFitTheFileAreRefused) {
    const auto source = make();
    const SeenTokens seen(source, engine());
    const backend::Compute compute{engine(), {}, 2};
    compress({source, unevenPlan(source), &seen, compute}, into("sizes"), quiet);
    const auto config = folder / "sizes" / "config.json";
    const Json good = parseJson(fixtures::readFile(config), "config");
    const std::string attention = "encoder.block.1.layer.0.SelfAttention";
    const auto refusal = [&](const std::function<void(Json&)>& damage) {
        Json json = good;
        damage(json["rankscope"]["sizes"]);
        fixtures::writeFile(config, json.dump());
        try {
            checkpoint::openCheckpoint((folder / "sizes").string());
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(refusal([](Json&) {}), "");
    EXPECT_THAT(refusal([&](Json& sizes) {
                    auto& first = sizes[attention]["values"][0];
                    first = first == 1 ? 2 : 1;
                }),
                HasSubstr("has shape"));
    EXPECT_THAT(refusal([&](Json& sizes) { sizes[attention]["values"][0] = 0; }),
                HasSubstr("has the size 0, but 1 to 8"));
    EXPECT_THAT(refusal([&](Json& sizes) { sizes[attention]["values"][0] = "x"; }),
                HasSubstr("values[0]"));
    EXPECT_THAT(refusal([&](Json& sizes) { sizes = 3; }), HasSubstr("is not an object"));
}

}  // namespace
}  // namespace rankscope::compress
