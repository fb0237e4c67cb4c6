// SPDX-License-Identifier: Apache-2.0
// The goldens are made by make_goldens.py: transformers' results with the same weights.
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/model/checkpoint_weights.h"
#include "tests/core/torch/t5_model_fixture.h"

namespace rankscope {
namespace {

using ::testing::HasSubstr;

Json jsonOf(const std::filesystem::path& path) {
    return parseJson(fixtures::readFile(path), path.filename().string());
}

class EveryKind : public ::testing::TestWithParam<std::string> {
 protected:
    std::unique_ptr<backend::Seq2Seq> calmModel(
        backend::ComputeType compute = backend::ComputeType::Float32) const {
        return open(m_checkpoint.config(), CalmWeights(m_checkpoint, m_calm.at("factors")),
                    compute);
    }
    void expectLosses(const std::vector<backend::SequenceLoss>& losses, const Json& expected) const;

    std::filesystem::path m_folder = goldens / GetParam();
    Checkpoint m_checkpoint = checkpoint::openCheckpoint(m_folder.string());
    Json m_cases = jsonOf(m_folder / "cases.json");
    Json m_calm = jsonOf(m_folder / "calm.json");
    Golden m_golden{m_folder / "calm.safetensors"};
    std::vector<TokenIds> m_sources = idsOf(m_cases, "sources");
    std::vector<TokenIds> m_inputs = idsOf(m_cases, "decoder_inputs");
    std::vector<TokenIds> m_targets = idsOf(m_cases, "targets");
};

TEST_P(EveryKind, HiddenStatesAndLogitsAreThoseOfTransformers) {
    const Activations got = calmModel()->activations(m_sources, m_inputs, false);
    ASSERT_EQ(got.encoder.size(), static_cast<std::size_t>(m_checkpoint.config().numLayers) + 1);
    ASSERT_EQ(got.decoder.size(),
              static_cast<std::size_t>(m_checkpoint.config().numDecoderLayers) + 1);
    for (std::size_t i = 0; i < got.encoder.size(); ++i)
        EXPECT_LE(largestDifference(got.encoder[i], m_golden.at("encoder." + std::to_string(i))),
                  1e-5)
            << "encoder state " << i;
    for (std::size_t i = 0; i < got.decoder.size(); ++i)
        EXPECT_LE(largestDifference(got.decoder[i], m_golden.at("decoder." + std::to_string(i))),
                  1e-5)
            << "decoder state " << i;
    EXPECT_LE(largestDifference(got.logits, m_golden.at("logits")), 1e-5);
}

TEST_P(EveryKind, StepwiseLogitsAreThoseOfTransformersAndOfWholeDecoding) {
    const auto model = calmModel();
    const Activations got = model->activations(m_sources, m_inputs, true);
    EXPECT_TRUE(got.decoder.empty());
    EXPECT_LE(largestDifference(got.logits, m_golden.at("logits")), 1e-5);
    const Activations whole = model->activations(m_sources, m_inputs, false);
    EXPECT_LE(largestDifference(got.logits, whole.logits), 1e-5);
}

/// The weights as they are stored amplify rounding: transformers itself is up to 5e-4 from float64.
TEST_P(EveryKind, LogitsOfTheStoredWeightsAreThoseOfTransformersUpToRounding) {
    const Golden stored(m_folder / "activations.safetensors");
    const Activations got = open(m_checkpoint)->activations(m_sources, m_inputs, false);
    EXPECT_LE(largestDifference(got.logits, stored.at("logits")), 1e-3);
}

void EveryKind::expectLosses(const std::vector<backend::SequenceLoss>& losses,
                             const Json& expected) const {
    const auto sums = expected.at("loss_sums").get<std::vector<double>>();
    const auto tokens = expected.at("loss_tokens").get<std::vector<std::int64_t>>();
    ASSERT_EQ(losses.size(), sums.size());
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        EXPECT_NEAR(losses[i].sum, sums[i], 1e-5 * sums[i]) << "target " << i;
        EXPECT_EQ(losses[i].tokens, tokens[i]);
        sum += losses[i].sum;
        count += static_cast<double>(losses[i].tokens);
    }
    EXPECT_NEAR(sum / count, expected.at("batch_loss").get<double>(), 1e-5);
}

TEST_P(EveryKind, LossesAreThoseOfTransformers) {
    expectLosses(calmModel()->loss(m_sources, m_targets, {}), m_calm);
    expectLosses(open(m_checkpoint)->loss(m_sources, m_targets, {}), m_cases);
}

TEST_P(EveryKind, RowsDoNotDependOnTheirBatch) {
    const auto model = calmModel();
    const auto together = model->loss(m_sources, m_targets, {});
    for (std::size_t i = 0; i < m_sources.size(); ++i) {
        const auto alone =
            model->loss(std::span(m_sources).subspan(i, 1), std::span(m_targets).subspan(i, 1), {});
        EXPECT_NEAR(alone[0].sum, together[i].sum, 1e-6 * together[i].sum);
    }
}

/// ‖a - b‖ / ‖b‖
double relativeDistance(const std::vector<float>& a, const std::vector<float>& b) {
    double squares = 0, apart = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        squares += std::pow(b[i], 2);
        apart += std::pow(a.at(i) - b[i], 2);
    }
    return std::sqrt(apart / squares);
}

TEST_P(EveryKind, Bfloat16IsThatOfTransformersUpToRounding) {
    const auto model = calmModel(backend::ComputeType::BFloat16);
    const std::vector<float>& expected = m_golden.at("logits.bfloat16");
    // Both are about 1 % from float32; two orders of summation differ by less than that.
    const double rounding = relativeDistance(expected, m_golden.at("logits"));
    for (const bool stepwise : {false, true}) {
        const std::vector<float> got = model->activations(m_sources, m_inputs, stepwise).logits;
        EXPECT_LE(relativeDistance(got, expected), rounding) << (stepwise ? "stepwise" : "whole");
        EXPECT_GT(relativeDistance(got, m_golden.at("logits")), 1e-3) << "not bfloat16";
    }
}

INSTANTIATE_TEST_SUITE_P(Goldens, EveryKind, ::testing::Values("A", "B", "C", "C2", "D", "E", "F"),
                         [](const auto& kind) { return kind.param; });

/// The message of the Error that `work` throws.
template <typename Work>
std::string messageOf(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return "no Error";
}

class BadInput : public ::testing::Test {
 protected:
    Checkpoint m_checkpoint = goldenCheckpoint("A");
    t5::T5Config m_config = m_checkpoint.config();
};

TEST_F(BadInput, IdsOutsideTheEmbeddingAreNamed) {
    const auto model = open(m_checkpoint);
    const std::vector<TokenIds> good{{5, 1}, {6, 1}};
    const std::vector<TokenIds> high{{5, 1}, {160, 1}};
    const std::vector<TokenIds> low{{-1, 1}, {6, 1}};
    const std::vector<TokenIds> empty{{5, 1}, {}};
    EXPECT_EQ(model->vocabulary(), 160);
    EXPECT_THAT(messageOf([&] { model->loss(high, good, {}); }),
                HasSubstr("Source 1 of the batch has the id 160, but the model's embedding has "
                          "rows 0 to 159 only"));
    EXPECT_THAT(messageOf([&] { model->loss(good, low, {}); }),
                HasSubstr("Target 0 of the batch has the id -1"));
    EXPECT_THAT(messageOf([&] { model->generate(high, {}, {}); }), HasSubstr("the id 160"));
    EXPECT_THAT(messageOf([&] { model->activations(good, high, true); }),
                HasSubstr("Decoder input 1"));
    EXPECT_THAT(messageOf([&] { model->generate(empty, {}, {}); }),
                HasSubstr("Source 1 of the batch has no tokens"));
    EXPECT_THAT(messageOf([&] { model->loss(good, std::span(good).first(1), {}); }),
                HasSubstr("2 sources cannot be scored with 1 targets"));
    EXPECT_TRUE(model->loss({}, {}, {}).empty());
}

TEST_F(BadInput, AWrongShapeNamesItsTensor) {
    m_config.dFf = 48;
    EXPECT_THAT(messageOf([&] {
                    open(m_config, model::CheckpointWeights(m_checkpoint),
                         backend::ComputeType::Float32);
                }),
                HasSubstr("encoder.block.0.layer.1.DenseReluDense.wi_0.weight has shape [64, 32], "
                          "expected [48, 32]"));
}

TEST_F(BadInput, AnUnknownActivationIsNamed) {
    m_config.denseActFn = "mish";
    EXPECT_THAT(messageOf([&] {
                    open(m_config, model::CheckpointWeights(m_checkpoint),
                         backend::ComputeType::Float32);
                }),
                HasSubstr("The activation function \"mish\" is not supported"));
}

TEST_F(BadInput, ATokenOfItsOwnOutsideTheEmbeddingIsRefused) {
    const auto expectRefused = [&](std::int64_t t5::T5Config::*token, const char* name) {
        for (const std::int64_t id :
             {std::int64_t{160}, std::int64_t{1'000'000'000}, INT64_MAX, std::int64_t{-1}}) {
            t5::T5Config wrong = m_config;
            wrong.*token = id;
            EXPECT_THAT(messageOf([&] {
                            open(wrong, model::CheckpointWeights(m_checkpoint),
                                 backend::ComputeType::Float32);
                        }),
                        HasSubstr(fmt::format("The model's {} token is {}, but its embedding has "
                                              "rows 0 to 159 only",
                                              name, id)));
        }
    };
    expectRefused(&t5::T5Config::decoderStartTokenId, "start");
    expectRefused(&t5::T5Config::eosTokenId, "end");
    expectRefused(&t5::T5Config::padTokenId, "padding");
}

TEST_F(BadInput, RowsThatAreNoPermutationAreRefused) {
    ChangedWeights weights(m_checkpoint);
    const std::string module = "encoder.block.0.layer.0.SelfAttention.q";  // [24, 32]
    backend::LayerWeights& pivoted = weights.changed[module];
    pivoted.down = {DType::F32, {2, 32}, std::vector<std::byte>(2 * 32 * 4)};
    pivoted.mix = {DType::F32, {22, 2}, std::vector<std::byte>(22 * 2 * 4)};
    pivoted.rows.assign(24, 5);
    EXPECT_THAT(messageOf([&] { open(m_config, weights, backend::ComputeType::Float32); }),
                HasSubstr(module + ".rows does not hold each row number of its matrix once"));
}

TEST_F(BadInput, AWeightThatIsNoNumberGivesALossThatIsNone) {
    ChangedWeights weights(m_checkpoint);
    const std::string name = "decoder.final_layer_norm.weight";
    const std::vector<double> values(32, std::nan(""));
    weights.changedTensors[name] = {DType::F32, {32}, fromFloat64(DType::F32, values)};
    const auto model = open(m_config, weights, backend::ComputeType::Float32);
    const std::vector<TokenIds> ids{{5, 1}};
    EXPECT_TRUE(std::isnan(model->loss(ids, ids, {})[0].sum));
}

/// Asks to stop from the given question on.
class StopAt : public Progress {
 public:
    explicit StopAt(int question) : m_left(question) {}
    bool stopRequested() const override { return m_left-- <= 0; }

 private:
    mutable int m_left;
};

TEST_F(BadInput, AStopIsHeardWhileLoadingAndComputing) {
    const auto kindOf = [](const auto& work) {
        try {
            work();
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::Failed;
    };
    const model::CheckpointWeights weights(m_checkpoint);
    EXPECT_EQ(kindOf([&] { engine().openSeq2Seq(m_config, weights, {}, StopAt(9)); }),
              ErrorKind::Interrupted);
    const auto model = open(m_checkpoint);
    const std::vector<TokenIds> ids{{5, 7, 1}};
    EXPECT_EQ(kindOf([&] { model->loss(ids, ids, StopAt(3)); }), ErrorKind::Interrupted);
    EXPECT_EQ(kindOf([&] { model->generate(ids, {}, StopAt(3)); }), ErrorKind::Interrupted);
}

}  // namespace
}  // namespace rankscope
