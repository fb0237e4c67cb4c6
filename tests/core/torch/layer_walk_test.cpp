// SPDX-License-Identifier: Apache-2.0
// What the walk gives is held against MomentCollector on whole models, which is held against
// transformers in moments_test.cpp.
#include "core/t5/t5_layout.h"
#include "tests/core/torch/moments_fixture.h"

namespace rankscope {
namespace {

using backend::WalkedGroup;
using ::testing::HasSubstr;
using Inputs = std::map<std::string, backend::InputMoments>;

std::unique_ptr<backend::LayerWalk> walk(const CalmCase& model) {
    return engine().openLayerWalk(model.config, model.weights, {}, {model.sources, model.targets},
                                  {});
}

Inputs momentsOf(const CalmCase& model, const backend::WeightSource& weights) {
    const auto network = open(model.config, weights, backend::ComputeType::Float32);
    const auto collector = network->collectMoments({});
    collector->add(model.sources, model.targets, {});
    return collector->inputs();
}

class Walk : public ::testing::TestWithParam<std::string> {
 protected:
    CalmCase m_case{GetParam()};
};

TEST_P(Walk, WithoutReplacementsBothModelsAreTheOriginal) {
    const Inputs expected = momentsOf(m_case, m_case.weights);
    const auto layers = walk(m_case);
    std::size_t groups = 0;
    while (const auto group = layers->next({})) {
        const auto& moments = expected.at(t5::inputOfModule(group->modules.front()));
        EXPECT_EQ(group->tokens, moments.tokens) << group->modules.front();
        for (const Matrix* matrix : {&group->original, &group->cross, &group->shifted})
            EXPECT_LE(relativeDifference(matrix->values, moments.second.values), 1e-6)
                << group->modules.front();
        EXPECT_LE(relativeDifference(group->cross.values, group->original.values), 1e-12);
        EXPECT_EQ(group->shifted.values, group->original.values);
        ++groups;
    }
    EXPECT_EQ(groups, expected.size());
    EXPECT_FALSE(layers->next({}).has_value());
}

TEST_P(Walk, MeetsEveryMatrixOnce) {
    std::vector<std::string> met, expected;
    const auto layers = walk(m_case);
    while (const auto group = layers->next({}))
        met.insert(met.end(), group->modules.begin(), group->modules.end());
    for (const checkpoint::WeightMatrix& matrix : m_case.checkpoint.matrices())
        if (matrix.module() != "shared") expected.push_back(matrix.module());
    if (m_case.config.tiedHead) expected.push_back("lm_head");
    EXPECT_THAT(met, ::testing::UnorderedElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(Goldens, Walk, ::testing::Values("A", "B", "C"),
                         [](const auto& kind) { return kind.param; });

TEST(WalkOrder, IsThatOfTheForwardPass) {
    const CalmCase model("A");  // two blocks per stack, gated, untied
    const auto layers = walk(model);
    std::vector<std::string> first;
    std::vector<std::size_t> sizes;
    while (const auto group = layers->next({})) {
        first.push_back(group->modules.front());
        sizes.push_back(group->modules.size());
    }
    std::vector<std::string> expected;
    for (const std::string block : {"encoder.block.0.", "encoder.block.1."})
        for (const char* layer : {"layer.0.SelfAttention.q", "layer.0.SelfAttention.o",
                                  "layer.1.DenseReluDense.wi_0", "layer.1.DenseReluDense.wo"})
            expected.push_back(block + layer);
    expected.push_back("decoder.block.0.layer.1.EncDecAttention.k");
    for (const std::string block : {"decoder.block.0.", "decoder.block.1."})
        for (const char* layer : {"layer.0.SelfAttention.q", "layer.0.SelfAttention.o",
                                  "layer.1.EncDecAttention.q", "layer.1.EncDecAttention.o",
                                  "layer.2.DenseReluDense.wi_0", "layer.2.DenseReluDense.wo"})
            expected.push_back(block + layer);
    expected.push_back("lm_head");
    EXPECT_EQ(first, expected);
    EXPECT_THAT(sizes, ::testing::ElementsAre(3, 1, 2, 1, 3, 1, 2, 1, 4, 3, 1, 1, 1, 2, 1, 3, 1, 1,
                                              1, 2, 1, 1));
}

/// Replacements of every kind and role, reached on the way.
std::map<std::string, backend::LayerWeights> replacements() {
    std::map<std::string, backend::LayerWeights> all;
    backend::Tensor zero{DType::F32, {24, 32}, std::vector<std::byte>(24 * 32 * 4)};
    all["encoder.block.0.layer.0.SelfAttention.q"].dense = zero;
    backend::LayerWeights& factored = all["encoder.block.1.layer.1.DenseReluDense.wo"];  // [32, 64]
    factored.down = seededTensor(1, 64, 1, 0.3);
    factored.up = seededTensor(32, 1, 2, 0.3);
    backend::LayerWeights& pivoted = all["decoder.block.1.layer.1.EncDecAttention.v"];  // [24, 32]
    pivoted.down = seededTensor(5, 32, 3, 0.3);
    pivoted.mix = seededTensor(19, 5, 4, 0.3);
    for (std::int64_t i = 0; i < 24; ++i) pivoted.rows.push_back((i * 7 + 3) % 24);
    all["decoder.block.1.layer.1.EncDecAttention.o"].dense = seededTensor(32, 24, 5, 0.3);
    all["decoder.block.1.layer.2.DenseReluDense.wi_1"].dense = seededTensor(64, 32, 6, 0.3);
    return all;
}

TEST(WalkWithReplacements, ShiftsTheInputsAsAModelBuiltWithThem) {
    const CalmCase model("A");
    const Inputs original = momentsOf(model, model.weights);
    const auto replaced = replacements();
    // Later replacements do not count yet: the model compressed so far grows on the way.
    Replaced soFar(model.weights);
    const auto layers = walk(model);
    std::size_t done = 0;
    while (const auto group = layers->next({})) {
        const std::string input = t5::inputOfModule(group->modules.front());
        const Inputs shifted = momentsOf(model, soFar);
        EXPECT_LE(relativeDifference(group->original.values, original.at(input).second.values),
                  1e-6)
            << input;
        EXPECT_LE(relativeDifference(group->shifted.values, shifted.at(input).second.values), 1e-5)
            << input;
        // Nothing of the encoder has reached the decoder before its first cross attention.
        const bool untouched = done == 0 || input.starts_with("decoder.block.0.layer.0") ||
                               input == "decoder.block.0.layer.1.EncDecAttention.q";
        EXPECT_EQ(relativeDifference(group->shifted.values, group->original.values) < 1e-4,
                  untouched)
            << input;
        for (const std::string& module : group->modules) {
            if (!replaced.contains(module)) continue;
            layers->replace(module, replaced.at(module));
            soFar.changed[module] = replaced.at(module);
            ++done;
        }
    }
    EXPECT_EQ(done, replaced.size());
}

/// X X'ᵀ by hand: if X' = -3 X, it is -3 X Xᵀ, and X' X'ᵀ is 9 X Xᵀ.
TEST(WalkWithReplacements, CrossIsOriginalTimesShifted) {
    const CalmCase model("A");
    const auto layers = walk(model);
    const std::string module = "encoder.block.0.layer.0.SelfAttention.v";
    auto group = layers->next({});
    backend::LayerWeights tripled = model.weights.matrix(module);
    std::vector<double> values = toFloat64(tripled.dense.dtype, tripled.dense.bytes);
    for (double& value : values) value *= -3;
    tripled.dense = {DType::F32, tripled.dense.shape, fromFloat64(DType::F32, values)};
    layers->replace(module, tripled);
    group = layers->next({});  // the input of o is linear in v: X' = -3 X
    ASSERT_EQ(group->modules.front(), "encoder.block.0.layer.0.SelfAttention.o");
    std::vector<double> cross, shifted;
    for (const double value : group->original.values) {
        cross.push_back(-3 * value);
        shifted.push_back(9 * value);
    }
    EXPECT_LE(relativeDifference(group->cross.values, cross), 1e-6);
    EXPECT_LE(relativeDifference(group->shifted.values, shifted), 1e-6);
}

/// Cross is not a symmetric matrix: its rows belong to the original, its columns to the other
/// model.
TEST(WalkWithReplacements, RowsOfCrossBelongToTheOriginal) {
    const CalmCase model("A");
    const auto layers = walk(model);
    layers->next({});
    const std::string module = "encoder.block.0.layer.0.SelfAttention.v";
    // Only the first output stays: X' has one column that is not zero, and so has X X'ᵀ.
    backend::LayerWeights first = model.weights.matrix(module);
    std::vector<double> values = toFloat64(first.dense.dtype, first.dense.bytes);
    std::fill(values.begin() + 32, values.end(), 0);
    first.dense = {DType::F32, first.dense.shape, fromFloat64(DType::F32, values)};
    layers->replace(module, first);
    const auto group = layers->next({});
    for (std::size_t i = 0; i < 24; ++i)
        for (std::size_t j = 0; j < 24; ++j)
            EXPECT_NEAR(group->cross.values[i * 24 + j],
                        j == 0 ? group->original.values[i * 24] : 0,
                        1e-6 * group->original.values[0]);
}

/// (S - S') X'ᵀ Wᵀ with W of wo is (S - S') (H' - S')ᵀ, H' the block's output. Without wo a block
/// gives S, so that all three are hidden states of whole models.
TEST(WalkWithReplacements, LostIsWhatTheStreamLacks) {
    const CalmCase model("A");
    const std::string block = "encoder.block.0.layer.";
    const std::string out = block + "0.SelfAttention.o", wo = block + "1.DenseReluDense.wo";
    const auto zero = [&](const std::string& module) {
        backend::LayerWeights weights;
        weights.dense = model.weights.matrix(module).dense;
        std::ranges::fill(weights.dense.bytes, std::byte{0});
        return weights;
    };
    const auto layers = walk(model);
    auto group = layers->next({});
    EXPECT_TRUE(group->lost.values.empty());
    group = layers->next({});
    ASSERT_EQ(group->modules.front(), out);
    for (const double value : group->lost.values) EXPECT_EQ(value, 0);  // nothing is replaced yet
    layers->replace(out, zero(out));
    layers->next({});
    group = layers->next({});
    ASSERT_EQ(group->modules.front(), wo);

    const auto afterBlock = [&](bool withOut, bool withWo) {
        Replaced weights(model.weights);
        if (!withOut) weights.changed[out] = zero(out);
        if (!withWo) weights.changed[wo] = zero(wo);
        const auto network = open(model.config, weights, backend::ComputeType::Float32);
        const std::vector<TokenIds> start(model.sources.size(), TokenIds{0});
        return network->activations(model.sources, start, false).encoder[1];
    };
    const auto stream = afterBlock(true, false);
    const auto shifted = afterBlock(false, false);
    const auto given = afterBlock(false, true);
    std::vector<double> expected(32 * 32), found(32 * 32);
    for (std::size_t row = 0; row < stream.size(); row += 32)
        for (std::size_t i = 0; i < 32; ++i)
            for (std::size_t j = 0; j < 32; ++j)
                expected[i * 32 + j] += (double(stream[row + i]) - shifted[row + i]) *
                                        (double(given[row + j]) - shifted[row + j]);
    const backend::Tensor weight = model.weights.matrix(wo).dense;
    const std::vector<double> w = toFloat64(weight.dtype, weight.bytes);
    const auto in = static_cast<std::size_t>(group->lost.columns);
    ASSERT_EQ(group->lost.rows, 32);
    for (std::size_t i = 0; i < 32; ++i)
        for (std::size_t j = 0; j < 32; ++j)
            for (std::size_t k = 0; k < in; ++k)
                found[i * 32 + j] += group->lost.values[i * in + k] * w[j * in + k];
    EXPECT_LE(relativeDifference(found, expected), 1e-5);
}

/// The first layers' input depends on the token alone, so that with a rarity of 1 every distinct
/// token counts once, whatever the number of its occurrences.
TEST(WalkOverTokens, RareOnesCanCountAsMuchAsOthers) {
    const CalmCase model("A");
    std::set<std::int32_t> distinct;
    std::size_t tokens = 0;
    for (const TokenIds& ids : model.sources) {
        distinct.insert(ids.begin(), ids.end());
        tokens += ids.size();
    }
    ASSERT_LT(distinct.size(), tokens);
    const std::vector<TokenIds> once{TokenIds(distinct.begin(), distinct.end())};
    const std::vector<TokenIds> target{TokenIds{1}};
    const auto first = [&](const backend::WalkExamples& examples) {
        return engine().openLayerWalk(model.config, model.weights, {}, examples, {})->next({});
    };
    const auto alike = first({model.sources, model.targets});
    const auto weighed = first({model.sources, model.targets, 1});
    auto expected = first({once, target})->original.values;
    for (double& value : expected)
        value *= static_cast<double>(tokens) / static_cast<double>(distinct.size());
    EXPECT_LE(relativeDifference(weighed->original.values, expected), 1e-6);
    EXPECT_LE(relativeDifference(weighed->shifted.values, expected), 1e-6);
    EXPECT_GT(relativeDifference(alike->original.values, expected), 1e-2);
    EXPECT_EQ(weighed->tokens, alike->tokens);
}

TEST(WalkWithBadInput, IsRefused) {
    const CalmCase model("A");
    const auto layers = walk(model);
    const auto group = layers->next({});
    const backend::LayerWeights own = model.weights.matrix(group->modules[0]);
    const auto messageOf = [](const auto& work) {
        try {
            work();
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_THAT(messageOf([&] { layers->replace("lm_head", own); }),
                HasSubstr("lm_head is not one of the layers just given"));
    backend::LayerWeights wrong;
    wrong.dense = seededTensor(24, 31, 1, 1);
    EXPECT_THAT(messageOf([&] { layers->replace(group->modules[0], wrong); }),
                HasSubstr("SelfAttention.q.weight has shape [24, 31], expected [24, 32]"));
    wrong.dense = seededTensor(24, 32, 1, 1);
    wrong.dense.bytes = fromFloat64(DType::F32, std::vector<double>(24 * 32, INFINITY));
    layers->replace(group->modules[2], wrong);
    EXPECT_THAT(messageOf([&] { layers->next({}); }),
                HasSubstr("The input of encoder.block.0.layer.0.SelfAttention.o holds values that "
                          "are infinite or NaN in the compressed model"));
}

TEST(WalkWithBadInput, StopsAreHeard) {
    const CalmCase model("A");
    const auto layers = walk(model);
    EXPECT_EQ(kindOfError([&] { layers->next(StopFrom(0)); }), ErrorKind::Interrupted);
}

}  // namespace
}  // namespace rankscope
