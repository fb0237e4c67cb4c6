// SPDX-License-Identifier: Apache-2.0
// Against nltk's PunktSentenceTokenizer: goldens/ and make_rouge_goldens.py.
#include "core/text/sentences/sentences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Sentences = std::vector<std::string>;

const Json& goldens() {
    static const Json json = Json::parse(fixtures::readFile(TEXT_GOLDENS "/sentences.json"));
    return json;
}

void expectSentences(const SentenceSplitter& splitter, const char* parameters) {
    ASSERT_GE(goldens()["texts"].size(), 300U);
    for (std::size_t i = 0; i < goldens()["texts"].size(); ++i) {
        const auto text = goldens()["texts"][i].get<std::string>();
        EXPECT_EQ(splitter.split(text), goldens()[parameters][i].get<Sentences>()) << text;
    }
}

TEST(Sentences, AreThoseOfNltkWithTheBuiltInWords) {
    expectSentences(SentenceSplitter::builtIn(), "built_in");
}

TEST(Sentences, AreThoseOfNltkWithTrainedParameters) {
    // Otherwise the test would not see which parameters are in use.
    ASSERT_NE(goldens()["built_in"], goldens()["trained"]);
    expectSentences(SentenceSplitter::open(TEXT_GOLDENS "/punkt"), "trained");
}

TEST(Sentences, StandOnALineEachForLsum) {
    const auto splitter = SentenceSplitter::builtIn();
    EXPECT_EQ(splitter.onLines("Mr. Fox came.  He left!\n\nGone?"),
              "Mr. Fox came.\nHe left!\nGone?");
    EXPECT_EQ(splitter.onLines(""), "");
}

TEST(Sentences, BrokenUtf8IsKept) {
    EXPECT_THAT(SentenceSplitter::builtIn().split("caf\xe9 is open. \xff Yes."),
                ElementsAre("caf\xe9 is open.", "\xff Yes."));
}

/// A folder of nltk_data with good parameters, one of whose files is then replaced.
class NltkData : public testing::Test {
 protected:
    void SetUp() override {
        std::filesystem::create_directories(english);
        for (const char* name :
             {"abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt"})
            fixtures::writeFile(
                english / name,
                fixtures::readFile(std::filesystem::path(TEXT_GOLDENS) / "punkt" / name));
        setenv("NLTK_DATA", folder.path().c_str(), 1);
    }
    void TearDown() override { unsetenv("NLTK_DATA"); }

    std::string refusal() const {
        try {
            SentenceSplitter::find();
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    fixtures::TempFolder folder;
    std::filesystem::path english = folder / "tokenizers" / "punkt_tab" / "english";
};

TEST_F(NltkData, IsUsedWhereItIsInstalled) {
    const auto found = SentenceSplitter::find();
    EXPECT_EQ(found.name(), "Punkt, nltk_data");
    expectSentences(found, "trained");
}

TEST_F(NltkData, DamagedFilesAreNamedWithTheirLine) {
    const std::string good = fixtures::readFile(english / "ortho_context.tab");
    fixtures::writeFile(english / "ortho_context.tab", "the\t34\na\tmany\n");
    EXPECT_THAT(refusal(), HasSubstr("ortho_context.tab, line 2"));
    fixtures::writeFile(english / "ortho_context.tab", good);
    fixtures::writeFile(english / "collocations.tab", "only one\n");
    EXPECT_THAT(refusal(), HasSubstr("collocations.tab, line 1"));
    std::filesystem::remove(english / "collocations.tab");
    EXPECT_THAT(refusal(), HasSubstr("collocations.tab"));
}

}  // namespace
}  // namespace rankscope::text
