// SPDX-License-Identifier: Apache-2.0
// Losses are held against hidden states of whole models (Seq2Seq::activations), which are held
// against transformers in t5_model_test.cpp.
#include "core/backend/refinement.h"

#include <numeric>

#include "core/t5/t5_layout.h"
#include "tests/core/torch/moments_fixture.h"

namespace rankscope {
namespace {

using backend::LayerWeights;
using backend::RefinedBlock;
using backend::RefinementTask;
using t5::Role;
using t5::Stack;
using t5::Sublayer;
using ::testing::HasSubstr;

/// A source's weights with some matrices and norms in their places.
class Changed : public Replaced {
 public:
    using Replaced::Replaced;
    backend::Tensor tensor(const std::string& name) const override {
        const auto found = tensors.find(name);
        return found == tensors.end() ? Replaced::tensor(name) : found->second;
    }
    void take(const RefinedBlock& block) {
        for (const auto& [module, weights] : block.matrices) changed[module] = weights;
        for (const auto& [name, norm] : block.norms) tensors[name] = norm;
    }

    std::map<std::string, backend::Tensor> tensors;
};

std::vector<double> numbers(const backend::Tensor& tensor) {
    return toFloat64(tensor.dtype, tensor.bytes);
}

backend::Tensor tensorOf(const Shape& shape, const std::vector<double>& values) {
    return {DType::F32, shape, fromFloat64(DType::F32, values)};
}

/// A calm model, a compressed one, and the dialogues of the cases.
class Refinement : public ::testing::TestWithParam<std::string> {
 protected:
    Refinement() {
        for (const checkpoint::WeightMatrix& matrix : m_case.checkpoint.matrices())
            if (matrix.block >= 0) m_modules.insert(matrix.module());
    }

    /// Two factors of that rank for each of the matrices.
    void makeLowRank(std::int64_t rank) {
        for (const std::string& module : m_modules) {
            const backend::Tensor dense = m_case.weights.matrix(module).dense;
            const auto factors = engine().algebra({}).truncatedSvd(
                Matrix{numbers(dense), dense.shape[0], dense.shape[1]}, rank);
            LayerWeights& made = m_compressed.changed[module];
            made.down = tensorOf({rank, dense.shape[1]}, factors.right.values);
            made.up = tensorOf({dense.shape[0], rank}, factors.left.values);
        }
    }

    RefinementTask task(int passes, double rate = 1e-3) const {
        RefinementTask task{.original = {m_case.config, m_case.weights},
                            .compressed = {m_config, m_compressed},
                            .modules = m_modules,
                            .examples = {m_case.sources, m_case.targets},
                            .heldOut = {m_case.sources, m_case.targets}};
        task.options.passes = passes;
        task.options.rate = rate;
        task.options.batch = 3;
        return task;
    }

    static std::vector<RefinedBlock> refined(const RefinementTask& task) {
        const auto refinement = engine().openRefinement(task, {}, {});
        std::vector<RefinedBlock> blocks;
        while (auto block = refinement->next({})) blocks.push_back(*std::move(block));
        EXPECT_FALSE(refinement->next({}).has_value());
        return blocks;
    }

    backend::Activations activations(const t5::T5Config& config,
                                     const backend::WeightSource& weights) const {
        std::vector<TokenIds> inputs = m_case.targets;
        for (TokenIds& ids : inputs) {
            ids.insert(ids.begin(), static_cast<std::int32_t>(m_case.config.decoderStartTokenId));
            ids.pop_back();
        }
        return open(config, weights, backend::ComputeType::Float32)
            ->activations(m_case.sources, inputs, /*stepwise=*/false);
    }

    /// The mean over tokens and features of (a - wanted)², in means of the token's wanted².
    double loss(const std::vector<float>& a, const std::vector<float>& wanted) const {
        const auto width = static_cast<std::size_t>(m_case.config.dModel);
        double sum = 0;
        for (std::size_t row = 0; row < wanted.size(); row += width) {
            double apart = 0, size = 0;
            for (std::size_t i = row; i < row + width; ++i) {
                apart += std::pow(static_cast<double>(a[i]) - wanted[i], 2);
                size += std::pow(static_cast<double>(wanted[i]), 2);
            }
            sum += apart / size;
        }
        return sum / static_cast<double>(wanted.size() / width);
    }

    /// By block; the last of a stack is left out, since its output is only known after the norm.
    std::map<std::string, double> lossesOf(const backend::WeightSource& weights) const {
        const auto wanted = activations(m_case.config, m_case.weights);
        const auto now = activations(m_config, weights);
        std::map<std::string, double> losses;
        for (std::size_t i = 1; i + 1 < wanted.encoder.size(); ++i)
            losses["encoder.block." + std::to_string(i - 1)] =
                loss(now.encoder[i], wanted.encoder[i]);
        for (std::size_t i = 1; i + 1 < wanted.decoder.size(); ++i)
            losses["decoder.block." + std::to_string(i - 1)] =
                loss(now.decoder[i], wanted.decoder[i]);
        return losses;
    }

    void expectLosses(const std::vector<RefinedBlock>& blocks, const Changed& weights,
                      double RefinedBlock::*which) const {
        const auto expected = lossesOf(weights);
        std::size_t met = 0;
        for (const RefinedBlock& block : blocks) {
            const auto found = expected.find(block.name);
            if (found == expected.end()) continue;
            EXPECT_NEAR(block.*which, found->second, 1e-4 * found->second + 1e-9) << block.name;
            ++met;
        }
        EXPECT_EQ(met, expected.size());
    }

    CalmCase m_case{GetParam()};
    t5::T5Config m_config = m_case.config;
    std::set<std::string> m_modules;
    Changed m_compressed{m_case.weights};
};

TEST_P(Refinement, WithoutPassesNothingChanges) {
    makeLowRank(3);
    std::vector<std::string> names;
    for (const RefinedBlock& block : refined(task(0))) {
        names.push_back(block.name);
        EXPECT_TRUE(block.matrices.empty() && block.norms.empty()) << block.name;
        EXPECT_EQ(block.bestPass, 0);
        EXPECT_FALSE(block.leftAsItWas);
        EXPECT_GT(block.heldOutBefore, 0) << block.name;
        EXPECT_EQ(block.heldOutAfter, block.heldOutBefore) << block.name;
    }
    std::vector<std::string> expected;
    for (const auto& [stack, blocks] : {std::pair{"encoder", m_config.numLayers},
                                        std::pair{"decoder", m_config.numDecoderLayers}})
        for (int i = 0; i < blocks; ++i)
            expected.push_back(stack + (".block." + std::to_string(i)));
    EXPECT_EQ(names, expected);
}

TEST_P(Refinement, TheFirstLossIsThatOfTheTwoModels) {
    makeLowRank(3);
    expectLosses(refined(task(0)), m_compressed, &RefinedBlock::heldOutBefore);
}

TEST_P(Refinement, TheOriginalHasNothingToLearn) {
    for (const RefinedBlock& block : refined(task(2))) {
        EXPECT_LT(block.heldOutBefore, 1e-10) << block.name;
        EXPECT_LE(block.heldOutAfter, block.heldOutBefore) << block.name;
    }
}

TEST_P(Refinement, LowersTheLossAndGivesTheModelThatHasIt) {
    makeLowRank(3);
    const std::vector<RefinedBlock> blocks = refined(task(30, 5e-3));
    Changed result = m_compressed;
    for (const RefinedBlock& block : blocks) {
        EXPECT_LT(block.heldOutAfter, 0.9 * block.heldOutBefore) << block.name;
        EXPECT_GT(block.bestPass, 0) << block.name;
        for (const auto& [module, weights] : block.matrices) {
            EXPECT_TRUE(module.starts_with(block.name + '.')) << module;
            EXPECT_EQ(weights.down.shape, m_compressed.changed[module].down.shape) << module;
            EXPECT_EQ(weights.up.shape, m_compressed.changed[module].up.shape) << module;
        }
        result.take(block);
    }
    expectLosses(blocks, result, &RefinedBlock::heldOutAfter);
    EXPECT_EQ(result.changed.size(), m_modules.size());
}

TEST_P(Refinement, TheStateKeptIsNeverWorseOnHeldOutDialogues) {
    makeLowRank(3);
    RefinementTask apart = task(6, 0.3);  // a rate far too high
    apart.examples = {std::span(m_case.sources).first(2), std::span(m_case.targets).first(2)};
    apart.heldOut = {std::span(m_case.sources).last(2), std::span(m_case.targets).last(2)};
    bool unchanged = false;
    for (const RefinedBlock& block : refined(apart)) {
        EXPECT_LE(block.heldOutAfter, block.heldOutBefore) << block.name;
        EXPECT_EQ(block.bestPass == 0, block.matrices.empty()) << block.name;
        unchanged = unchanged || block.bestPass == 0;
    }
    EXPECT_TRUE(unchanged);
}

TEST_P(Refinement, UnchangedMatricesStay) {
    makeLowRank(3);
    std::set<std::string> queries;
    for (const std::string& module : m_modules)
        if (module.ends_with(".q"))
            queries.insert(module);
        else
            m_compressed.changed.erase(module);
    m_modules = queries;
    std::set<std::string> met;
    for (const RefinedBlock& block : refined(task(3)))
        for (const auto& [module, unused] : block.matrices) met.insert(module);
    EXPECT_THAT(met, ::testing::IsSubsetOf(queries));
    EXPECT_FALSE(met.empty());
}

/// Heads that have lost some of their rows, more or fewer of each.
TEST_P(Refinement, HeadsOfTheirOwnSizes) {
    const auto keep = [&](const std::string& module, const std::vector<std::int64_t>& sizes,
                          bool columns) {
        const backend::Tensor dense = m_case.weights.matrix(module).dense;
        const std::vector<double> all = numbers(dense);
        const std::int64_t rows = dense.shape[0], wide = dense.shape[1];
        std::vector<std::int64_t> places;
        for (std::size_t head = 0; head < sizes.size(); ++head)
            for (std::int64_t i = 0; i < sizes[head]; ++i)
                places.push_back(static_cast<std::int64_t>(head) * m_case.config.dKv + i);
        std::vector<double> some;
        if (columns)
            for (std::int64_t row = 0; row < rows; ++row)
                for (const std::int64_t place : places)
                    some.push_back(all[static_cast<std::size_t>(row * wide + place)]);
        else
            for (const std::int64_t place : places)
                some.insert(some.end(), all.begin() + place * wide,
                            all.begin() + (place + 1) * wide);
        const auto count = static_cast<std::int64_t>(places.size());
        m_compressed.changed[module].dense =
            tensorOf(columns ? Shape{rows, count} : Shape{count, wide}, some);
    };
    std::int64_t next = 0;
    for (const auto& [stack, blocks] : {std::pair{Stack::Encoder, m_config.numLayers},
                                        std::pair{Stack::Decoder, m_config.numDecoderLayers}})
        for (int block = 0; block < blocks; ++block)
            for (const Sublayer sublayer : t5::sublayersOf(stack)) {
                if (sublayer == Sublayer::FeedForward) continue;
                t5::SublayerSizes sizes = t5::sizesOf(stack, block, sublayer, m_case.config);
                for (std::int64_t& size : sizes.scores) size = 1 + (next += 3) % size;
                for (std::int64_t& size : sizes.values) size = 1 + (next += 5) % size;
                m_config.sizes[t5::sublayerName(stack, block, sublayer)] = sizes;
                for (const Role role : {Role::Q, Role::K, Role::V, Role::O})
                    keep(t5::moduleName({stack, block, sublayer, role}),
                         role == Role::Q || role == Role::K ? sizes.scores : sizes.values,
                         role == Role::O);
            }
    expectLosses(refined(task(0)), m_compressed, &RefinedBlock::heldOutBefore);
    const std::vector<RefinedBlock> blocks = refined(task(10, 5e-3));
    Changed result = m_compressed;
    for (const RefinedBlock& block : blocks) result.take(block);
    expectLosses(blocks, result, &RefinedBlock::heldOutAfter);
}

/// The first step of AdamW moves every number by the rate against its gradient's sign. A rate so
/// small that the loss falls by the rate times the sum of the gradients' sizes.
TEST_P(Refinement, OneStepFollowsFiniteDifferences) {
    const std::string wo = "encoder.block.0.layer.1.DenseReluDense.wo";
    backend::Tensor smaller = m_case.weights.matrix(wo).dense;
    std::vector<double> values = numbers(smaller);
    for (double& value : values) value *= 0.6;
    m_compressed.changed[wo].dense = tensorOf(smaller.shape, values);
    const auto first = [&](const RefinementTask& task) {
        return *engine().openRefinement(task, {}, {})->next({});
    };
    constexpr double rate = 1e-4, apart = 1e-2;
    const auto slope = [&](double& value, const std::function<void()>& put) {
        const double kept = value;
        double difference = 0;
        for (const int side : {1, -1}) {
            value = kept + side * apart;
            put();
            difference += side * first(task(0)).heldOutBefore;
        }
        value = kept;
        put();
        return difference / (2 * apart);
    };

    m_modules = {};  // the norms alone
    RefinementTask one = task(1, rate);
    one.options.batch = m_case.sources.size();
    const RefinedBlock moved = first(one);
    ASSERT_TRUE(moved.bestPass == 1 && moved.matrices.empty());
    double foreseen = 0;
    std::size_t clear = 0;
    for (const auto& [name, norm] : moved.norms) {
        std::vector<double> start = numbers(m_case.weights.tensor(name));
        const std::vector<double> after = numbers(norm);
        const auto put = [&] { m_compressed.tensors[name] = tensorOf(norm.shape, start); };
        for (std::size_t i = 0; i < start.size(); ++i) {
            const double gradient = slope(start[i], put);
            foreseen += rate * std::abs(gradient);
            if (std::abs(gradient) < 1e-5) continue;
            EXPECT_NEAR(after[i] - start[i], gradient > 0 ? -rate : rate, 0.02 * rate)
                << name << ' ' << i << ' ' << gradient;
            ++clear;
        }
        m_compressed.tensors.erase(name);
    }
    EXPECT_GT(clear, 20U);
    EXPECT_NEAR((moved.heldOutBefore - moved.heldOutAfter) / foreseen, 1, 0.05);

    m_modules = {wo};
    one.modules = m_modules;
    const RefinedBlock both = first(one);
    const std::vector<double> after = numbers(both.matrices.at(wo).dense);
    const auto put = [&] { m_compressed.changed[wo].dense = tensorOf(smaller.shape, values); };
    clear = 0;
    for (std::size_t i = 0; i < values.size(); i += 37) {
        const double gradient = slope(values[i], put);
        if (std::abs(gradient) < 1e-5) continue;
        EXPECT_NEAR(after[i] - values[i], gradient > 0 ? -rate : rate, 0.02 * rate) << i;
        ++clear;
    }
    EXPECT_GT(clear, 5U);
}

INSTANTIATE_TEST_SUITE_P(Goldens, Refinement, ::testing::Values("A", "B", "C"),
                         [](const auto& test) { return test.param; });

using RefinementOfA = Refinement;

TEST_P(RefinementOfA, ABlockThatOverflowsIsLeftAsItWas) {
    makeLowRank(3);
    for (const RefinedBlock& block : refined(task(5, 1e30))) {
        EXPECT_TRUE(block.leftAsItWas) << block.name;
        EXPECT_TRUE(block.matrices.empty() && block.norms.empty()) << block.name;
        EXPECT_EQ(block.heldOutAfter, block.heldOutBefore) << block.name;
    }
}

TEST_P(RefinementOfA, SaysBlockPassAndLoss) {
    class Heard : public Progress {
     public:
        void report(double fraction, std::string_view label) const override {
            EXPECT_GE(fraction, last);
            last = fraction;
            labels.emplace_back(label);
        }
        mutable double last = 0;
        mutable std::vector<std::string> labels;
    } heard;
    makeLowRank(3);
    const auto refinement = engine().openRefinement(task(2), {}, {});
    while (refinement->next(heard)) continue;
    ASSERT_EQ(heard.labels.size(), 8U);
    EXPECT_THAT(heard.labels.front(),
                ::testing::StartsWith("refining encoder.block.0: pass 1 of 2, held-out loss 0."));
    EXPECT_THAT(heard.labels.back(), HasSubstr("decoder.block.1: pass 2 of 2"));
    EXPECT_DOUBLE_EQ(heard.last, 1);
}

TEST_P(RefinementOfA, StopsBetweenSteps) {
    makeLowRank(3);
    for (const int question : {0, 1, 4, 9, 40}) {
        const auto refinement = engine().openRefinement(task(100), {}, {});
        EXPECT_EQ(kindOfError([&] {
                      const StopFrom stop(question);
                      while (refinement->next(stop)) continue;
                  }),
                  ErrorKind::Interrupted)
            << question;
    }
}

TEST_P(RefinementOfA, NeedsDialoguesOfBothKinds) {
    RefinementTask none = task(1);
    none.heldOut = {};
    EXPECT_EQ(kindOfError([&] { engine().openRefinement(none, {}, {}); }), ErrorKind::Failed);
    RefinementTask wrong = task(1);
    const std::vector<TokenIds> beyond(m_case.sources.size(), TokenIds{100000});
    wrong.examples.sources = beyond;
    EXPECT_EQ(kindOfError([&] { engine().openRefinement(wrong, {}, {}); }), ErrorKind::Failed);
}

INSTANTIATE_TEST_SUITE_P(Goldens, RefinementOfA, ::testing::Values("A"));

}  // namespace
}  // namespace rankscope
