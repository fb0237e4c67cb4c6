// SPDX-License-Identifier: Apache-2.0
// Against rouge_score and nltk: goldens/ and make_rouge_goldens.py.
#include "core/text/rouge/rouge.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "core/base/json.h"
#include "core/text/rouge/porter_stemmer.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::text {
namespace {

constexpr double tolerance = 1e-12;

const Json& goldens() {
    static const Json json = Json::parse(fixtures::readFile(TEXT_GOLDENS "/rouge.json"));
    return json;
}

void expectEqual(const RougeScores& ours, const Json& theirs) {
    for (const RougeType type : rougeTypes) {
        const auto index = static_cast<std::size_t>(type);
        EXPECT_NEAR(ours[index].precision, theirs[index][0].get<double>(), tolerance)
            << rougeName(type);
        EXPECT_NEAR(ours[index].recall, theirs[index][1].get<double>(), tolerance)
            << rougeName(type);
        EXPECT_NEAR(ours[index].f, theirs[index][2].get<double>(), tolerance) << rougeName(type);
    }
}

TEST(Rouge, EqualsRougeScorePairByPair) {
    ASSERT_GE(goldens()["pairs"].size(), 300U);
    for (const Json& pair : goldens()["pairs"]) {
        SCOPED_TRACE(pair["reference"].dump() + " and " + pair["prediction"].dump());
        const auto reference = pair["reference"].get<std::string>();
        const auto prediction = pair["prediction"].get<std::string>();
        expectEqual(rouge(reference, prediction, {.stemmer = true}), pair["stemmed"]);
        expectEqual(rouge(reference, prediction, {.stemmer = false}), pair["plain"]);
    }
}

TEST(Rouge, OfSeveralReferencesTheBestCountsForEachType) {
    ASSERT_GE(goldens()["several_references"].size(), 20U);
    for (const Json& golden : goldens()["several_references"]) {
        SCOPED_TRACE(golden["prediction"].dump());
        const auto references = golden["references"].get<std::vector<std::string>>();
        expectEqual(rouge(references, golden["prediction"].get<std::string>(), {}),
                    golden["stemmed"]);
    }
}

// Lin 2004, the example of section 3.2: reference w1 w2 w3 w4 w5, lines w1 w2 w6 w7 w8 and
// w1 w3 w8 w9 w5. The union of the common subsequences is w1 w2 w3 w5: 4 of 5 words.
TEST(Rouge, LsumIsTheUnionOverLines) {
    const RougeScores scores = rouge("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", {});
    EXPECT_DOUBLE_EQ(scores[3].recall, 4.0 / 5);
    EXPECT_DOUBLE_EQ(scores[3].precision, 4.0 / 10);
    // As one text w1 w2 … w1 w3 … w5 has w1 w2 w3 w5 in common, too.
    EXPECT_DOUBLE_EQ(scores[2].recall, 4.0 / 5);
}

TEST(Rouge, TextsOfAnyBytesAreScored) {
    const std::string bytes = "caf\xe9 \xff\xfe ok \xe2\x84";
    EXPECT_DOUBLE_EQ(rouge(bytes, bytes, {})[0].f, 1.0);
    EXPECT_DOUBLE_EQ(rouge(std::string("a\0b", 3), "a b", {})[0].f, 1.0);
}

/// The golden list, unpacked: "word stem" lines.
std::string stemLines() {
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                        archive_read_free);
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_raw(reader.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), TEXT_GOLDENS "/stems.txt.gz", 65536) !=
            ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return "";
    std::string all;
    std::vector<char> block(65536);
    for (la_ssize_t count = 0;
         (count = archive_read_data(reader.get(), block.data(), block.size())) > 0;)
        all.append(block.data(), static_cast<std::size_t>(count));
    return all;
}

TEST(PorterStem, IsThatOfNltkOnAFullWordList) {
    std::istringstream lines(stemLines());
    std::string word;
    std::string stem;
    std::size_t words = 0;
    std::size_t different = 0;
    while (lines >> word >> stem) {
        ++words;
        if (porterStem(word) == stem) continue;
        ++different;
        if (different <= 10) ADD_FAILURE() << word << ": " << porterStem(word) << ", not " << stem;
    }
    EXPECT_GT(words, 70000U);
    EXPECT_EQ(different, 0U);
}

// By the rules of NLTK_EXTENSIONS, where they depart from Porter 1980.
TEST(PorterStem, HasTheExtensionsOfNltk) {
    for (const auto& [word, stem] :
         std::vector<std::pair<const char*, const char*>>{{"dying", "die"},
                                                          {"news", "news"},
                                                          {"innings", "inning"},
                                                          {"they", "they"},
                                                          {"today", "today"},
                                                          {"trying", "tri"},
                                                          {"used", "use"},
                                                          {"flies", "fli"},
                                                          {"dies", "die"},
                                                          {"died", "die"},
                                                          {"is", "is"},
                                                          {"proceed", "proceed"},
                                                          {"happily", "happili"}})
        EXPECT_EQ(porterStem(word), stem) << word;
}

}  // namespace
}  // namespace rankscope::text
