// SPDX-License-Identifier: Apache-2.0
// Against transformers' generate(): goldens/ and make_generation_goldens.py.
#include "core/backend/generation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <set>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/model/checkpoint_weights.h"

namespace rankscope::backend {
namespace {

std::unique_ptr<Seq2Seq> openGolden(const std::string& kind) {
    const checkpoint::Checkpoint checkpoint =
        checkpoint::openCheckpoint(fmt::format("{}/{}", GOLDEN_FOLDER, kind));
    return loadBackend({}).openSeq2Seq(checkpoint.config(), model::CheckpointWeights(checkpoint),
                                       {}, Progress());
}

Json goldenCases(const std::string& kind) {
    return parseJson(readTextFile(fmt::format("{}/{}/generation.json", GOLDEN_FOLDER, kind),
                                  std::size_t{1} << 22U),
                     "generation.json");
}

std::vector<TokenIds> sourcesOf(const Json& goldens) {
    return goldens["sources"].get<std::vector<TokenIds>>();
}

EarlyStopping earlyStopping(const Json& value) {
    if (value.is_string()) return EarlyStopping::Never;
    return value.get<bool>() ? EarlyStopping::Yes : EarlyStopping::No;
}

/// From the arguments of generate(); max_length counts the start token.
GenerationOptions optionsOf(const Json& arguments) {
    GenerationOptions options;
    for (const auto& [name, value] : arguments.items())
        if (name == "num_beams")
            options.beams = value.get<std::int64_t>();
        else if (name == "max_length")
            options.maxNewTokens = value.get<std::int64_t>() - 1;
        else if (name == "max_new_tokens")
            options.maxNewTokens = value.get<std::int64_t>();
        else if (name == "min_new_tokens")
            options.minNewTokens = value.get<std::int64_t>();
        else if (name == "no_repeat_ngram_size")
            options.noRepeatNgram = value.get<std::int64_t>();
        else if (name == "length_penalty")
            options.lengthPenalty = value.get<double>();
        else if (name == "early_stopping")
            options.earlyStopping = earlyStopping(value);
        else
            ADD_FAILURE() << "no such option: " << name;
    return options;
}

class GenerationGoldensTest : public testing::TestWithParam<const char*> {};

TEST_P(GenerationGoldensTest, IdsAreExactlyThoseOfTransformers) {
    const Json goldens = goldenCases(GetParam());
    const std::vector<TokenIds> sources = sourcesOf(goldens);
    const std::unique_ptr<Seq2Seq> model = openGolden(GetParam());
    ASSERT_GE(goldens["cases"].size(), 15U);
    for (const Json& golden : goldens["cases"]) {
        SCOPED_TRACE(golden["options"].dump());
        const std::vector<GeneratedSequence> results =
            model->generate(sources, optionsOf(golden["options"]), Progress());
        ASSERT_EQ(results.size(), sources.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            EXPECT_EQ(results[i].ids, golden["ids"][i].get<TokenIds>()) << "source " << i;
            const auto score = golden["scores"][i].get<double>();
            EXPECT_NEAR(results[i].score, score, std::max(1e-4, 1e-5 * std::abs(score)));
        }
    }
}

// Every source by itself: no padding, and nothing leaves the batch before it ends.
TEST_P(GenerationGoldensTest, ASourceAloneGivesTheSame) {
    const Json goldens = goldenCases(GetParam());
    const std::vector<TokenIds> sources = sourcesOf(goldens);
    const std::unique_ptr<Seq2Seq> model = openGolden(GetParam());
    for (std::size_t c = 0; c < goldens["cases"].size(); c += 4) {
        const Json& golden = goldens["cases"][c];
        for (std::size_t i = 0; i < sources.size(); ++i)
            EXPECT_EQ(model
                          ->generate(std::span(sources).subspan(i, 1), optionsOf(golden["options"]),
                                     Progress())[0]
                          .ids,
                      golden["ids"][i].get<TokenIds>())
                << golden["options"].dump() << " source " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GenerationGoldensTest,
                         testing::Values("A", "B", "C", "C2", "D", "F"),
                         [](const auto& parameter) { return std::string(parameter.param); });

// The goldens would prove little if all rows were of one length or said one thing.
TEST(GenerationGoldensFileTest, RowsEndAtDifferentSteps) {
    for (const char* kind : {"A", "B", "C", "C2", "D", "F"}) {
        std::set<std::size_t> lengths;
        std::set<TokenIds> outputs;
        const Json goldens = goldenCases(kind);
        for (const Json& golden : goldens["cases"])
            for (const Json& ids : golden["ids"]) {
                lengths.insert(ids.size());
                outputs.insert(ids.get<TokenIds>());
            }
        EXPECT_GE(lengths.size(), 6U) << kind;
        EXPECT_GE(outputs.size(), 20U) << kind;
    }
}

class GenerationTest : public testing::Test {
 protected:
    std::unique_ptr<Seq2Seq> m_model = openGolden("A");
    std::vector<TokenIds> m_sources = sourcesOf(goldenCases("A"));
};

TEST_F(GenerationTest, NoSourcesGiveNoOutputs) {
    EXPECT_TRUE(m_model->generate({}, {}, Progress()).empty());
}

TEST_F(GenerationTest, OptionsOutOfRangeAreRefused) {
    struct Case {
        std::function<void(GenerationOptions&)> change;
        const char* words;
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Case cases[] = {
        {[](auto& o) { o.beams = 0; }, "beams is 0, but must lie between 1 and 80"},
        {[](auto& o) { o.beams = -4; }, "beams is -4"},
        {[](auto& o) { o.beams = 81; }, "half the model's vocabulary of 160"},
        {[](auto& o) { o.beams = std::numeric_limits<std::int64_t>::max(); }, "beams is 9223"},
        {[](auto& o) { o.maxNewTokens = 0; }, "new tokens is 0, but must lie between 1 and"},
        {[](auto& o) { o.maxNewTokens = -1; }, "new tokens is -1"},
        {[](auto& o) { o.maxNewTokens = std::numeric_limits<std::int64_t>::max(); }, "new tokens"},
        {[](auto& o) { o.minNewTokens = -1; }, "least number of new tokens is -1"},
        {[](auto& o) { o.minNewTokens = 20; }, "is 20, but must lie between 0 and 19"},
        {[](auto& o) { o.noRepeatNgram = -3; }, "n-grams that must not repeat is -3"},
        {[&](auto& o) { o.lengthPenalty = nan; }, "length penalty is nan"},
        {[](auto& o) { o.lengthPenalty = 17; }, "must lie between -16 and 16"},
    };
    for (const Case& refused : cases) {
        GenerationOptions options;
        refused.change(options);
        try {
            m_model->generate(m_sources, options, Progress());
            ADD_FAILURE() << "accepted: " << refused.words;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            EXPECT_THAT(error.what(), testing::HasSubstr(refused.words));
        }
    }
}

// 2 · 80 candidates per row are the whole vocabulary.
TEST_F(GenerationTest, AsManyBeamsAsTheVocabularyAllows) {
    const std::vector<GeneratedSequence> results = m_model->generate(
        std::span(m_sources).first(2), {.beams = 80, .maxNewTokens = 3}, Progress());
    ASSERT_EQ(results.size(), 2U);
    for (const GeneratedSequence& result : results) {
        EXPECT_FALSE(result.ids.empty());
        EXPECT_LT(result.score, 0);
    }
}

TEST_F(GenerationTest, AVocabularyUsedUpDoesNotCrash) {
    for (const std::int64_t beams : {1, 4}) {
        const std::vector<GeneratedSequence> results = m_model->generate(
            std::span(m_sources).first(1),
            {.beams = beams, .maxNewTokens = 200, .minNewTokens = 200, .noRepeatNgram = 1},
            Progress());
        ASSERT_EQ(results.size(), 1U);
        if (beams > 1) continue;
        // 160 ids except </s> and the start token, which is 0.
        const TokenIds& ids = results[0].ids;
        ASSERT_EQ(ids.size(), 200U);
        EXPECT_EQ(std::set<std::int32_t>(ids.begin(), ids.begin() + 158).size(), 158U);
        EXPECT_EQ(std::set<std::int32_t>(ids.begin() + 158, ids.end()), std::set<std::int32_t>{0});
    }
}

/// Asks to stop after `reports` of them.
class StoppingProgress : public Progress {
 public:
    explicit StoppingProgress(int reports) : m_left(reports) {}
    void report(double fraction, std::string_view) const override {
        EXPECT_GE(fraction, 0);
        EXPECT_LE(fraction, 1);
        --m_left;
    }
    bool stopRequested() const override { return m_left <= 0; }

 private:
    mutable std::atomic<int> m_left;
};

TEST_F(GenerationTest, AStopEndsIt) {
    for (const std::int64_t beams : {1, 4}) {
        try {
            m_model->generate(m_sources,
                              {.beams = beams, .maxNewTokens = 4000, .minNewTokens = 4000},
                              StoppingProgress(3));
            ADD_FAILURE() << "not stopped with " << beams << " beams";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
        }
    }
}

/// A checkpoint whose head is not a number anywhere.
class BrokenHead : public WeightSource {
 public:
    explicit BrokenHead(const checkpoint::Checkpoint& checkpoint) : m_source(checkpoint) {}
    LayerWeights matrix(const std::string& module) const override {
        LayerWeights weights = m_source.matrix(module);
        if (module == "lm_head")
            std::fill(weights.dense.bytes.begin(), weights.dense.bytes.end(), std::byte{0xFF});
        return weights;
    }
    Tensor tensor(const std::string& name) const override { return m_source.tensor(name); }

 private:
    model::CheckpointWeights m_source;
};

TEST_F(GenerationTest, ScoresOfABrokenModelAreNotNumbers) {
    const checkpoint::Checkpoint checkpoint =
        checkpoint::openCheckpoint(std::string(GOLDEN_FOLDER) + "/A");
    const std::unique_ptr<Seq2Seq> model =
        loadBackend({}).openSeq2Seq(checkpoint.config(), BrokenHead(checkpoint), {}, Progress());
    for (const std::int64_t beams : {1, 4})
        for (const GeneratedSequence& result :
             model->generate(m_sources, {.beams = beams, .maxNewTokens = 5}, Progress()))
            EXPECT_TRUE(std::isnan(result.score)) << beams;
}

}  // namespace
}  // namespace rankscope::backend
