// SPDX-License-Identifier: Apache-2.0
// The goldens are made by make_moment_goldens.py: sums over the values that hooks in transformers
// see.
#include "tests/core/torch/moments_fixture.h"

#include "core/t5/t5_layout.h"

namespace rankscope {
namespace {

using backend::InputMoments;
using backend::MomentArithmetic;
using ::testing::HasSubstr;

/// Names of the golden file's entries "PREFIX.NAME.SUFFIX".
std::vector<std::string> namesIn(const Golden& golden, const std::string& prefix,
                                 const std::string& suffix) {
    std::vector<std::string> names;
    for (const auto& [name, values] : golden.all())
        if (name.starts_with(prefix) && name.ends_with(suffix))
            names.push_back(
                name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
    return names;
}

template <typename Map>
std::vector<std::string> keysOf(const Map& map) {
    std::vector<std::string> keys;
    for (const auto& entry : map) keys.push_back(entry.first);
    return keys;
}

class Moments : public ::testing::TestWithParam<std::string> {
 protected:
    void compareInputs(const std::map<std::string, InputMoments>& inputs) const {
        EXPECT_EQ(keysOf(inputs), namesIn(m_golden, "input.", ".second"));
        for (const auto& [name, moments] : inputs) {
            // Lengths of sources: 3 + 17 + 29 + 40, of targets: 2 + 7 + 12 + 19.
            const bool ofSources =
                name.starts_with("encoder") || name.ends_with("EncDecAttention.k");
            EXPECT_EQ(moments.tokens, ofSources ? 89 : 40) << name;
            EXPECT_EQ(moments.second.rows, moments.second.columns);
            EXPECT_LE(
                relativeDifference(moments.second.values, m_golden.at("input." + name + ".second")),
                1e-5)
                << name;
            EXPECT_LE(
                relativeDifference(moments.absolute, m_golden.at("input." + name + ".absolute")),
                1e-5)
                << name;
        }
    }

    CalmCase m_case{GetParam()};
    Golden m_golden{goldens / GetParam() / "moments.safetensors"};
    std::unique_ptr<backend::Seq2Seq> m_model = m_case.model();
};

TEST_P(Moments, OfInputsAreThoseThatHooksInTransformersSee) {
    for (const auto arithmetic : {MomentArithmetic::Float64, MomentArithmetic::FixedPoint}) {
        const auto collector = m_model->collectMoments({false, arithmetic});
        EXPECT_EQ(collector->arithmetic(), arithmetic);
        collector->add(m_case.sources, m_case.targets, {});
        EXPECT_TRUE(collector->gradients().empty());
        compareInputs(collector->inputs());
    }
}

TEST_P(Moments, OfTwoBatchesAreThoseOfOne) {
    const auto whole = m_model->collectMoments({});
    whole->add(m_case.sources, m_case.targets, {});
    const auto parts = m_model->collectMoments({});
    const std::span sources(m_case.sources), targets(m_case.targets);
    parts->add(sources.first(3), targets.first(3), {});
    EXPECT_EQ(parts->inputs().at("lm_head").tokens, 21);  // asked for in between
    parts->add(sources.subspan(3), targets.subspan(3), {});
    parts->add({}, {}, {});
    for (const auto& [name, moments] : whole->inputs()) {
        const InputMoments& sum = parts->inputs().at(name);
        EXPECT_EQ(sum.tokens, moments.tokens);
        EXPECT_LE(relativeDifference(sum.second.values, moments.second.values), 1e-6) << name;
        EXPECT_LE(relativeDifference(sum.absolute, moments.absolute), 1e-6) << name;
    }
}

TEST_P(Moments, EveryMatrixFindsItsInput) {
    const auto collector = m_model->collectMoments({});
    collector->add(m_case.sources, m_case.targets, {});
    for (const checkpoint::WeightMatrix& matrix : m_case.checkpoint.matrices()) {
        if (matrix.module() == "shared") continue;  // an embedding takes ids
        const std::string input = t5::inputOfModule(matrix.module());
        ASSERT_TRUE(collector->inputs().contains(input)) << matrix.module();
        EXPECT_EQ(collector->inputs().at(input).second.rows, matrix.columns) << matrix.module();
    }
}

TEST_P(Moments, OfGradientsAreThoseOfAutogradInTransformers) {
    const auto collector = m_model->collectMoments({.gradients = true});
    const std::span sources(m_case.sources), targets(m_case.targets);
    collector->add(sources.first(1), targets.first(1), {});
    EXPECT_EQ(collector->gradients().at("lm_head").tokens, 2);  // asked for in between
    collector->add(sources.subspan(1), targets.subspan(1), {});
    EXPECT_EQ(keysOf(collector->gradients()), namesIn(m_golden, "gradient.", ".columns"));
    for (const auto& [module, moments] : collector->gradients()) {
        const bool ofSources = module.starts_with("encoder") ||
                               module.ends_with("EncDecAttention.k") ||
                               module.ends_with("EncDecAttention.v");
        EXPECT_EQ(moments.tokens, ofSources ? 89 : 40) << module;
        EXPECT_LE(
            relativeDifference(moments.columns, m_golden.at("gradient." + module + ".columns")),
            1e-4)
            << module;
        if (module == "lm_head") {
            EXPECT_TRUE(moments.second.values.empty());
            continue;
        }
        EXPECT_LE(relativeDifference(moments.second.values,
                                     m_golden.at("gradient." + module + ".second")),
                  1e-4)
            << module;
    }
    // The inputs are the same with gradients and without.
    const auto plain = m_model->collectMoments({});
    plain->add(m_case.sources, m_case.targets, {});
    for (const auto& [name, moments] : plain->inputs())
        EXPECT_LE(
            relativeDifference(collector->inputs().at(name).second.values, moments.second.values),
            1e-6)
            << name;
}

INSTANTIATE_TEST_SUITE_P(Goldens, Moments, ::testing::Values("A", "B", "C"),
                         [](const auto& kind) { return kind.param; });

/// Thin layers give the moments of the same layers multiplied out.
TEST(MomentsOfThinLayers, AreThoseOfTheDenseOnes) {
    const CalmCase model("A");
    Replaced thin(model.weights), dense(model.weights);
    const std::string factored = "encoder.block.0.layer.0.SelfAttention.v";     // [24, 32]
    const std::string pivoted = "decoder.block.0.layer.2.DenseReluDense.wi_1";  // [64, 32]
    thin.changed[factored].down = seededTensor(3, 32, 1, 0.3);
    thin.changed[factored].up = seededTensor(24, 3, 2, 0.3);
    backend::LayerWeights& rows = thin.changed[pivoted];
    rows.down = seededTensor(4, 32, 3, 0.3);
    rows.mix = seededTensor(60, 4, 4, 0.3);
    for (std::int64_t i = 0; i < 64; ++i) rows.rows.push_back((i * 7 + 3) % 64);
    for (const std::string& module : {factored, pivoted})
        dense.changed[module].dense = multipliedOut(thin.changed[module]);
    const auto momentsOf = [&](const backend::WeightSource& weights) {
        const auto network = open(model.config, weights, backend::ComputeType::Float32);
        const auto collector = network->collectMoments({.gradients = true});
        collector->add(model.sources, model.targets, {});
        return std::pair(collector->inputs(), collector->gradients());
    };
    const auto [inputs, gradients] = momentsOf(dense);
    const auto [thinInputs, thinGradients] = momentsOf(thin);
    for (const auto& [name, moments] : thinInputs)
        EXPECT_LE(relativeDifference(moments.second.values, inputs.at(name).second.values), 1e-5)
            << name;
    for (const auto& [module, moments] : thinGradients)
        EXPECT_LE(relativeDifference(moments.columns, gradients.at(module).columns), 1e-4)
            << module;
}

TEST(MomentsOfHalfTypes, AreCloseToThoseOfFloat32) {
    const CalmCase model("A");
    const auto half = open(model.config, model.weights, backend::ComputeType::BFloat16);
    const auto collector = half->collectMoments({false, MomentArithmetic::FixedPoint});
    EXPECT_EQ(collector->arithmetic(), MomentArithmetic::Float64);  // other types than float32 are
    collector->add(model.sources, model.targets, {});
    const Golden golden(goldens / "A" / "moments.safetensors");
    for (const auto& [name, moments] : collector->inputs())
        EXPECT_LE(relativeDifference(moments.second.values, golden.at("input." + name + ".second")),
                  0.03)
            << name;
}

TEST(MomentsOfHalfTypes, ThinLayersHaveGradientsToo) {
    const CalmCase model("A");
    Replaced thin(model.weights);
    backend::LayerWeights& pivoted =
        thin.changed["decoder.block.0.layer.2.DenseReluDense.wi_1"];  // [64, 32]
    pivoted.down = seededTensor(4, 32, 3, 0.3);
    pivoted.mix = seededTensor(60, 4, 4, 0.3);
    for (std::int64_t i = 0; i < 64; ++i) pivoted.rows.push_back((i * 7 + 3) % 64);
    const auto gradientsIn = [&](backend::ComputeType type) {
        const auto network = open(model.config, thin, type);
        const auto collector = network->collectMoments({.gradients = true});
        collector->add(model.sources, model.targets, {});
        return collector->gradients();
    };
    const auto exact = gradientsIn(backend::ComputeType::Float32);
    for (const auto& [module, moments] : gradientsIn(backend::ComputeType::BFloat16))
        EXPECT_LE(relativeDifference(moments.columns, exact.at(module).columns), 0.1) << module;
}

/// A weight's source with another table of the decoder's positions.
class OtherTable : public backend::WeightSource {
 public:
    OtherTable(const Checkpoint& checkpoint, std::size_t place, double added)
        : m_source(checkpoint), m_place(place), m_added(added) {}
    backend::LayerWeights matrix(const std::string& module) const override {
        return m_source.matrix(module);
    }
    backend::Tensor tensor(const std::string& name) const override {
        backend::Tensor tensor = m_source.tensor(name);
        if (name.find("decoder") == 0 && name.find("relative_attention_bias") != name.npos) {
            std::vector<double> values = toFloat64(tensor.dtype, tensor.bytes);
            values[m_place] += m_added;
            tensor.bytes = fromFloat64(tensor.dtype, values);
        }
        return tensor;
    }

 private:
    model::CheckpointWeights m_source;
    std::size_t m_place;
    double m_added;
};

/// With two decoder inputs only the second one attends to two places. A softmax does not see what
/// is added to both, so the gradients of its two scores are opposite; and the table's entry for
/// distance 0 is added to one of them (and to the only score of the first input, which has no
/// gradient). So Σ γ² of a head is twice the squared derivative by that entry, which is measured.
TEST(ScoreGradients, AreThoseOfFiniteDifferences) {
    const fixtures::TempFolder folder;
    fixtures::TinyT5 shape;
    shape.decoderLayers = 1;
    fixtures::writeTinyT5(folder.path(), shape);
    const Checkpoint checkpoint = checkpoint::openCheckpoint(folder.path().string());
    const std::vector<TokenIds> sources{{7, 9, 31, 90, 1}}, targets{{44, 1}};
    const auto network = open(checkpoint);
    const auto collector = network->collectMoments({.gradients = true});
    collector->add(sources, targets, {});
    const std::vector<double> seen =
        collector->gradients().at("decoder.block.0.layer.0.SelfAttention.q").scores;
    ASSERT_EQ(seen.size(), 3U);
    constexpr double step = 0.05;
    const auto lossWith = [&](std::size_t head, double added) {
        const OtherTable weights(checkpoint, head, added);  // distance 0 is the first row
        return open(checkpoint.config(), weights, backend::ComputeType::Float32)
            ->loss(sources, targets, {})
            .front()
            .sum;
    };
    double largest = 0;
    for (std::size_t head = 0; head < 3; ++head) {
        const double derivative = (lossWith(head, step) - lossWith(head, -step)) / (2 * step);
        largest = std::max(largest, std::abs(derivative));
        EXPECT_NEAR(std::sqrt(seen[head] / 2), std::abs(derivative),
                    0.02 * std::abs(derivative) + 2e-5)
            << head;
    }
    EXPECT_GT(largest, 1e-3);
    EXPECT_EQ(collector->gradients().at("decoder.block.0.layer.0.SelfAttention.k").scores.size(),
              0U);
    EXPECT_EQ(collector->gradients().at("decoder.block.0.layer.1.EncDecAttention.q").scores.size(),
              3U);
}

TEST(MomentsOfBadInput, NameTheInputThatIsNoNumber) {
    const CalmCase model("A");
    Replaced weights(model.weights);
    const std::string module = "encoder.block.1.layer.0.SelfAttention.v";
    std::vector<double> values(24 * 32, 0.5);
    values[40] = std::nan("");
    weights.changed[module].dense = {DType::F32, {24, 32}, fromFloat64(DType::F32, values)};
    const auto network = open(model.config, weights, backend::ComputeType::Float32);
    const auto collector = network->collectMoments({});
    try {
        collector->add(model.sources, model.targets, {});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("The input of encoder.block.1.layer.0.SelfAttention.o "
                                            "holds values that are infinite or NaN"));
        EXPECT_EQ(error.subject(), "encoder.block.1.layer.0.SelfAttention.o");
    }
}

TEST(MomentsOfBadInput, OddBatchesAreRefusedAndStopsHeard) {
    const CalmCase model("A");
    const auto network = model.model();
    const auto collector = network->collectMoments({});
    EXPECT_THROW(collector->add(model.sources, std::span(model.targets).first(1), {}), Error);
    const std::vector<TokenIds> high{{5, 160}};
    EXPECT_THROW(collector->add(high, high, {}), Error);
    EXPECT_EQ(kindOfError([&] { collector->add(model.sources, model.targets, StopFrom(3)); }),
              ErrorKind::Interrupted);
}

}  // namespace
}  // namespace rankscope
