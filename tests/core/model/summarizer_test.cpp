// SPDX-License-Identifier: Apache-2.0
#include "core/model/summarizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "core/base/own_path.h"
#include "core/model/batches.h"
#include "core/model/summarization_options.h"
#include "tests/core/model/fake_model.h"

namespace rankscope::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NotedWarnings : public Progress {
 public:
    void warn(std::string_view sentence) const override { sentences.emplace_back(sentence); }
    mutable std::vector<std::string> sentences;
};

Summarizer summarizerOf(FakeBehaviour& behaviour, const SummarizationOptions& options = {}) {
    return {std::make_unique<FakeModel>(behaviour),
            text::Tokenizer::open(std::filesystem::path(DEMO_FOLDER)), options};
}

TEST(BatchesByLength, LongestFirstWithinTheBudget) {
    const std::vector<std::int64_t> lengths = {3, 10, 4, 10, 1};
    EXPECT_THAT(batchesByLength(lengths, 20), ElementsAre(ElementsAre(1, 3), ElementsAre(2, 0, 4)));
    EXPECT_THAT(batchesByLength(lengths, 5),
                ElementsAre(ElementsAre(1), ElementsAre(3), ElementsAre(2), ElementsAre(0),
                            ElementsAre(4)));  // one position at least; 5 / 3 is one
    EXPECT_THAT(batchesByLength(lengths, 20, 10),
                ElementsAre(ElementsAre(1, 3), ElementsAre(2, 0), ElementsAre(4)));
    EXPECT_TRUE(batchesByLength({}, 20).empty());
}

TEST(Presets, AreTheCardsAndFourBeams) {
    const auto& card = presetNamed("card").generation;
    EXPECT_EQ(card.beams, 1);
    EXPECT_EQ(card.maxNewTokens, 19);  // max_length 20 counts the start token
    EXPECT_EQ(presetNamed("beam4").generation.beams, 4);
    EXPECT_EQ(presetNamed("beam4").generation.maxNewTokens, 60);
    try {
        presetNamed("best");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        EXPECT_THAT(error.what(), HasSubstr("card, beam4"));
    }
    EXPECT_EQ(earlyStoppingNamed("never"), backend::EarlyStopping::Never);
    EXPECT_THROW(earlyStoppingNamed("no"), Error);
    EXPECT_EQ(computeTypeName(computeTypeNamed("bfloat16")), "bfloat16");
}

TEST(Summarizer, PutsThePrefixInFrontAndCutsLongTexts) {
    FakeBehaviour behaviour;
    SummarizationOptions options;
    options.maxSourceLength = 16;
    const Summarizer summarizer = summarizerOf(behaviour, options);
    std::string dialogue;
    for (int i = 0; i < 5000; ++i) dialogue += "Maya: yes ";
    const auto source = summarizer.encodeSource(dialogue);
    ASSERT_EQ(source.ids.size(), 16U);
    EXPECT_EQ(source.ids.back(), summarizer.tokenizer().eosId());
    EXPECT_GT(source.fullLength, 5000);
    const auto whole = summarizer.tokenizer().encode("summarize: " + dialogue).ids;
    EXPECT_TRUE(std::equal(source.ids.begin(), source.ids.end() - 1, whole.begin()));
    EXPECT_EQ(summarizer.encodeSource("hi").fullLength,
              static_cast<std::int64_t>(summarizer.encodeSource("hi").ids.size()));
    const auto ids = summarizer.encodeTarget("Maya is late.");
    EXPECT_EQ(summarizer.textOf(ids), "Maya is late.");
}

TEST(Summarizer, RefusesATokenizerLargerThanTheEmbedding) {
    FakeBehaviour behaviour{.vocabulary = 1099};
    try {
        summarizerOf(behaviour);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("1099 rows"));
        EXPECT_THAT(error.what(), HasSubstr("tokenizer.json"));
    }
}

TEST(Summarizer, HalvesABatchThatDoesNotFit) {
    FakeBehaviour roomy, tight{.rowsThatFit = 3};
    Summarizer all = summarizerOf(roomy), parts = summarizerOf(tight);
    std::vector<backend::TokenIds> sources;
    for (int i = 0; i < 10; ++i) sources.push_back({i, 2 * i, 1});
    const NotedWarnings warnings;
    const auto expected = all.loss(sources, sources, Progress());
    const auto losses = parts.loss(sources, sources, warnings);
    ASSERT_EQ(losses.size(), 10U);
    for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_EQ(losses[i].sum, expected[i].sum);
    EXPECT_THAT(tight.rows, ElementsAre(3, 3, 3, 1));  // 10, 5, then 3 fits
    ASSERT_EQ(warnings.sentences.size(), 2U);
    EXPECT_THAT(warnings.sentences[0], HasSubstr("10 texts"));
    // A size that did not fit is not tried again.
    const auto sequences = parts.generate(sources, warnings);
    EXPECT_EQ(sequences.size(), 10U);
    EXPECT_EQ(sequences[9].ids, (backend::TokenIds{9, 18, 1}));
    EXPECT_EQ(warnings.sentences.size(), 2U);
    EXPECT_LE(*std::max_element(tight.rows.begin(), tight.rows.end()), 3U);
}

TEST(Summarizer, SaysWhatToDoWhereOneTextIsTooMuch) {
    FakeBehaviour behaviour{.rowsThatFit = 0};
    Summarizer summarizer = summarizerOf(behaviour);
    const std::vector<backend::TokenIds> sources = {{5, 6, 1}, {1}};
    try {
        summarizer.generate(sources, Progress());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::OutOfMemory);
        EXPECT_THAT(error.what(), HasSubstr("--max-source-length"));
        EXPECT_THAT(error.what(), HasSubstr("3 tokens"));
    }
}

}  // namespace
}  // namespace rankscope::model
