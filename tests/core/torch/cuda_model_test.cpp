// SPDX-License-Identifier: Apache-2.0
// Models on the GPU: loss, generation, the layers' inputs.
#include <optional>
#include <ostream>
#include <string_view>

#include "core/backend/moments.h"
#include "core/backend/refinement.h"
#include "core/base/error.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/plan.h"
#include "tests/core/torch/cuda_fixture.h"

namespace rankscope {
namespace {

using backend::ComputeType;
using backend::TokenIds;
using checkpoint::Checkpoint;

/// The differences between checkpoints; "Demo" is the one that comes with the program.
struct Kind {
    std::string_view name;
    fixtures::TinyT5 model = {};
    std::string_view thin = {};  ///< all matrices in this low-rank form

    friend void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
};

class CudaModel : public Cuda, public testing::WithParamInterface<Kind> {
 protected:
    void SetUp() override {
        Cuda::SetUp();
        if (IsSkipped()) return;
        m_checkpoint.emplace(
            GetParam().name == "Demo"
                ? demo()
                : checkpoint::openCheckpoint(
                      fixtures::writeTinyT5(m_folder / "tiny", GetParam().model).string()));
        if (!GetParam().thin.empty())
            m_plan = planOf(*m_checkpoint, m_checkpoint->tiedHead() ? "all" : "all,head", 9,
                            GetParam().thin == "pivoted" ? plan::StorageChoice::Pivoted
                                                         : plan::StorageChoice::Factored);
        m_cpu = open({});
        m_gpu = open({.device = gpu()});
    }

    std::unique_ptr<backend::Seq2Seq> open(const backend::Seq2SeqOptions& options) const {
        if (!m_plan) return model(*m_checkpoint, options);
        const backend::Compute compute{backend()};
        const compress::PlannedModel planned{*m_checkpoint, *m_plan, nullptr, compute};
        const auto factors = compress::factorsOf(planned, {});
        return model(*m_checkpoint,
                     compress::PlannedWeights(planned, factors, compress::PlannedForm::AsStored),
                     options);
    }
    std::vector<TokenIds> inputs() const { return sources(m_cpu->vocabulary()); }

    fixtures::TempFolder m_folder;
    std::optional<Checkpoint> m_checkpoint;
    std::optional<plan::CompressionPlan> m_plan;
    std::unique_ptr<backend::Seq2Seq> m_cpu, m_gpu;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CudaModel,
                         testing::Values(Kind{"Demo"}, Kind{"Gated"},
                                         Kind{"TiedRelu",
                                              {.gated = false, .tied = true, .seed = 2}},
                                         Kind{"Half", {.dtype = DType::BF16, .seed = 3}},
                                         Kind{"Factored", {.seed = 4}, "factored"},
                                         Kind{"Pivoted", {.seed = 5}, "pivoted"},
                                         Kind{"PivotedTied", {.tied = true, .seed = 6}, "pivoted"}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(CudaModel, LossesEqualTheCpus) {
    const auto onCpu = m_cpu->loss(inputs(), inputs(), {});
    const auto onGpu = m_gpu->loss(inputs(), inputs(), {});
    ASSERT_EQ(onGpu.size(), onCpu.size());
    for (std::size_t i = 0; i < onCpu.size(); ++i) {
        EXPECT_EQ(onGpu[i].tokens, onCpu[i].tokens);
        EXPECT_NEAR(onGpu[i].sum, onCpu[i].sum, 1e-4 * onCpu[i].sum) << i;
    }
}

TEST_P(CudaModel, HiddenStatesEqualTheCpus) {
    const auto onCpu = m_cpu->activations(inputs(), inputs(), false);
    const auto onGpu = m_gpu->activations(inputs(), inputs(), false);
    ASSERT_EQ(onGpu.encoder.size(), onCpu.encoder.size());
    ASSERT_EQ(onGpu.decoder.size(), onCpu.decoder.size());
    for (std::size_t i = 0; i < onCpu.encoder.size(); ++i)
        EXPECT_LE(apart(onGpu.encoder[i], onCpu.encoder[i]), 1e-3) << i;
    for (std::size_t i = 0; i < onCpu.decoder.size(); ++i)
        EXPECT_LE(apart(onGpu.decoder[i], onCpu.decoder[i]), 1e-3) << i;
    EXPECT_LE(apart(onGpu.logits, onCpu.logits), 1e-3);
    EXPECT_LE(apart(m_gpu->activations(inputs(), inputs(), true).logits, onCpu.logits), 1e-3);
}

TEST_P(CudaModel, GeneratesTheSameIds) {
    const std::int64_t grown = GetParam().name == "Gated" ? 70 : 12;  // the cache grows after 64
    const std::vector<backend::GenerationOptions> settings = {
        {.beams = 1, .maxNewTokens = 24},
        {.beams = 4, .maxNewTokens = 24},
        {.beams = 1, .maxNewTokens = grown, .minNewTokens = grown},
        {.beams = 3,
         .maxNewTokens = 20,
         .minNewTokens = 5,
         .lengthPenalty = 0.6,
         .earlyStopping = backend::EarlyStopping::Yes,
         .noRepeatNgram = 2}};
    for (const backend::GenerationOptions& options : settings) {
        const auto onCpu = m_cpu->generate(inputs(), options, {});
        const auto onGpu = m_gpu->generate(inputs(), options, {});
        ASSERT_EQ(onGpu.size(), onCpu.size());
        for (std::size_t i = 0; i < onCpu.size(); ++i) {
            EXPECT_EQ(onGpu[i].ids, onCpu[i].ids) << options.beams << ' ' << i;
            EXPECT_NEAR(onGpu[i].score, onCpu[i].score, 1e-3 * (1 + std::abs(onCpu[i].score)));
        }
    }
}

TEST_P(CudaModel, BFloat16StaysNearFloat32) {
    const auto half = open({.device = gpu(), .compute = ComputeType::BFloat16});
    const auto exact = m_cpu->loss(inputs(), inputs(), {});
    const auto rounded = half->loss(inputs(), inputs(), {});
    for (std::size_t i = 0; i < exact.size(); ++i)
        EXPECT_NEAR(rounded[i].sum, exact[i].sum, 0.05 * exact[i].sum) << i;
    for (const std::int64_t beams : {1, 4})
        for (const auto& one :
             half->generate(inputs(), {.beams = beams, .maxNewTokens = 12, .minNewTokens = 12}, {}))
            EXPECT_EQ(one.ids.size(), 12) << beams;
}

TEST_P(CudaModel, MomentsOfInputsEqualTheCpus) {
    const auto gather = [&](backend::Seq2Seq& model) {
        auto collector = model.collectMoments({.arithmetic = backend::MomentArithmetic::Float64});
        collector->add(inputs(), inputs(), {});
        collector->add(inputs(), inputs(), {});
        return collector;
    };
    const auto onCpu = gather(*m_cpu), onGpu = gather(*m_gpu);
    ASSERT_EQ(onGpu->inputs().size(), onCpu->inputs().size());
    for (const auto& [name, moments] : onCpu->inputs()) {
        const backend::InputMoments& other = onGpu->inputs().at(name);
        EXPECT_EQ(other.tokens, moments.tokens) << name;
        EXPECT_LE(apart(other.second.values, moments.second.values), 1e-4) << name;
        EXPECT_LE(apart(other.absolute, moments.absolute), 1e-4) << name;
    }
}

TEST_P(CudaModel, MomentsOfGradientsEqualTheCpus) {
    const auto gather = [&](backend::Seq2Seq& model) {
        auto collector = model.collectMoments({.gradients = true});
        collector->add(inputs(), inputs(), {});
        return collector;
    };
    const auto onCpu = gather(*m_cpu), onGpu = gather(*m_gpu);
    ASSERT_EQ(onGpu->gradients().size(), onCpu->gradients().size());
    for (const auto& [module, moments] : onCpu->gradients()) {
        const backend::GradientMoments& other = onGpu->gradients().at(module);
        EXPECT_LE(apart(other.columns, moments.columns), 1e-3) << module;
        EXPECT_LE(apart(other.second.values, moments.second.values), 1e-3) << module;
    }
}

TEST_P(CudaModel, WalksThroughTheLayersAsTheCpuDoes) {
    if (m_plan) GTEST_SKIP() << "a walk begins with a checkpoint";
    const model::CheckpointWeights weights(*m_checkpoint);
    const auto plan = planOf(*m_checkpoint, "all", 9, plan::StorageChoice::Factored);
    const backend::Compute compute{backend()};
    const compress::PlannedModel planned{*m_checkpoint, plan, nullptr, compute};
    const auto factors = compress::factorsOf(planned, {});
    const compress::PlannedWeights thin(planned, factors, compress::PlannedForm::AsStored);
    const std::vector<TokenIds> rows = inputs();
    const auto walk = [&](const backend::Device& device) {
        return backend().openLayerWalk(m_checkpoint->config(), weights, {.device = device},
                                       {.sources = rows, .targets = rows, .rarity = 0.5}, {});
    };
    const auto onCpu = walk({}), onGpu = walk(gpu());
    std::size_t met = 0;
    while (const auto expected = onCpu->next({})) {
        const auto group = onGpu->next({});
        ASSERT_TRUE(group);
        ASSERT_EQ(group->modules, expected->modules);
        const std::string& name = group->modules.front();
        EXPECT_LE(apart(group->original.values, expected->original.values), 1e-4) << name;
        EXPECT_LE(apart(group->cross.values, expected->cross.values), 1e-4) << name;
        EXPECT_LE(apart(group->shifted.values, expected->shifted.values), 1e-4) << name;
        if (met > 4)  // a difference of nothing is all rounding before that
            EXPECT_LE(apart(group->lost.values, expected->lost.values), 1e-2) << name;
        for (const std::string& module : group->modules) {
            if (module == "lm_head" || module == "shared") continue;
            for (const auto& one : {onCpu.get(), onGpu.get()})
                one->replace(module, thin.matrix(module));
        }
        ++met;
    }
    EXPECT_FALSE(onGpu->next({}));
    EXPECT_GT(met, 10U);
}

TEST_P(CudaModel, TrainsBlocksAsTheCpuDoes) {
    if (m_plan) GTEST_SKIP() << "a refinement begins with a checkpoint";
    const model::CheckpointWeights weights(*m_checkpoint);
    const auto plan = planOf(*m_checkpoint, "attention,ffn", 9, plan::StorageChoice::Factored);
    const backend::Compute compute{backend()};
    const compress::PlannedModel planned{*m_checkpoint, plan, nullptr, compute};
    const auto factors = compress::factorsOf(planned, {});
    const compress::PlannedWeights thin(planned, factors, compress::PlannedForm::AsStored);
    const std::vector<TokenIds> rows = inputs();
    backend::RefinementTask task{.original = {m_checkpoint->config(), weights},
                                 .compressed = {m_checkpoint->config(), thin},
                                 .examples = {rows, rows},
                                 .heldOut = {rows, rows}};
    for (const plan::PlanEntry& entry : plan.entries) task.modules.insert(entry.matrix.module());
    task.options.passes = 2;
    const auto onCpu = backend().openRefinement(task, {}, {});
    const auto onGpu = backend().openRefinement(task, gpu(), {});
    while (const auto expected = onCpu->next({})) {
        const auto block = onGpu->next({});
        ASSERT_TRUE(block);
        EXPECT_EQ(block->name, expected->name);
        EXPECT_NEAR(block->heldOutBefore, expected->heldOutBefore, 1e-2 * expected->heldOutBefore)
            << block->name;
        EXPECT_NEAR(block->heldOutAfter, expected->heldOutAfter, 1e-2 * expected->heldOutBefore)
            << block->name;
        EXPECT_EQ(block->matrices.size(), expected->matrices.size()) << block->name;
    }
    EXPECT_FALSE(onGpu->next({}));
}

TEST_F(Cuda, ValuesThatAreNoNumbersAreNamed) {
    const fixtures::TempFolder folder;
    const Checkpoint checkpoint =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "tiny").string());
    class Broken : public model::CheckpointWeights {
     public:
        using model::CheckpointWeights::CheckpointWeights;
        backend::LayerWeights matrix(const std::string& module) const override {
            backend::LayerWeights weights = model::CheckpointWeights::matrix(module);
            if (module == "encoder.block.0.layer.0.SelfAttention.o")
                weights.dense.bytes = fromFloat64(DType::F32, std::vector<double>(32 * 24, NAN));
            return weights;
        }
    };
    const auto network = model(checkpoint, Broken(checkpoint), {.device = gpu()});
    const auto collector = network->collectMoments({});
    try {
        collector->add(sources(160), sources(160), {});
        ADD_FAILURE() << "moments of NaN were taken";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("encoder.block.0.layer.1"));
    }
    EXPECT_TRUE(std::isnan(network->loss(sources(160), sources(160), {}).front().sum));
    network->generate(sources(160), {.beams = 4, .maxNewTokens = 3}, {});
}

}  // namespace
}  // namespace rankscope
