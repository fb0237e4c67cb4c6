// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/tokenizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/core/text/tokenizer_files.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

const Json& goldens() {
    static const Json json = Json::parse(fixtures::readFile(TOKENIZER_GOLDENS));
    return json;
}

std::filesystem::path demo(const std::string& name) {
    return std::filesystem::path(DEMO_FOLDER) / name;
}

Tokenizer opened(const Json& document) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "tokenizer.json", document.dump());
    return Tokenizer::open(folder.path());
}

Tokenizer opened(const TestModel& model) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "spiece.model", spieceBytes(model));
    return Tokenizer::open(folder.path());
}

Json demoDocument() { return Json::parse(fixtures::readFile(demo("tokenizer.json"))); }

/// Ids of every golden line; lines a variant does not list are as the demo's.
void expectGoldenIds(const Tokenizer& tokenizer, const char* variant) {
    const Json& all = goldens()["ids"];
    for (std::size_t i = 0; i < goldens()["lines"].size(); ++i) {
        const auto line = goldens()["lines"][i].get<std::string>();
        const std::string key = fmt::format("{}", i);
        const Json& row = all[variant].is_object() && all[variant].contains(key) ? all[variant][key]
                                                                                 : all["demo"][i];
        EXPECT_EQ(tokenizer.encode(line).ids, row.get<Ids>()) << variant << " line " << i << line;
    }
}

TEST(Tokenizer, IdsAreTheFastTokenizers) {
    ASSERT_GT(goldens()["lines"].size(), 200U);
    expectGoldenIds(Tokenizer::open(DEMO_FOLDER), "demo");
}

TEST(Tokenizer, SpieceModelGivesTheSameIds) {
    const Tokenizer tokenizer = Tokenizer::openFile(demo("spiece.model"));
    expectGoldenIds(tokenizer, "spiece");
    const Tokenizer json = Tokenizer::openFile(demo("tokenizer.json"));
    ASSERT_EQ(tokenizer.size(), json.size());
    for (std::int32_t id = 0; id < tokenizer.size(); ++id)
        EXPECT_EQ(tokenizer.piece(id), json.piece(id));
    EXPECT_EQ(tokenizer.piece(1099), "<extra_id_0>");
    EXPECT_EQ(tokenizer.piece(1000), "<extra_id_99>");
}

TEST(Tokenizer, ObeysThePrependScheme) {
    for (const char* scheme : {"first", "never"}) {
        Json document = demoDocument();
        document["pre_tokenizer"]["prepend_scheme"] = scheme;
        document["decoder"]["prepend_scheme"] = scheme;
        expectGoldenIds(opened(document), scheme);
    }
}

TEST(Tokenizer, ReadsFilesOfOlderVersions) {
    Json document = demoDocument();
    const Json metaspace = {
        {"type", "Metaspace"}, {"replacement", "\u2581"}, {"add_prefix_space", true}};
    const Json precompiled = document["normalizer"]["normalizers"][0];
    document["normalizer"] = precompiled;
    document["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers", Json::array({{{"type", "WhitespaceSplit"}}, metaspace})}};
    document["decoder"] = metaspace;
    expectGoldenIds(opened(document), "old");
    document["pre_tokenizer"] = metaspace;
    document["pre_tokenizer"]["add_prefix_space"] = false;
    document["normalizer"] = demoDocument()["normalizer"];
    expectGoldenIds(opened(document), "never");
}

TEST(Tokenizer, ObeysTheFlagsOfAddedTokens) {
    Json document = demoDocument();
    document["pre_tokenizer"]["prepend_scheme"] = "first";
    const auto add = [&](int id, const char* content, bool word, bool left, bool right,
                         bool normalised, bool special) {
        document["added_tokens"].push_back({{"id", id},
                                            {"content", content},
                                            {"single_word", word},
                                            {"lstrip", left},
                                            {"rstrip", right},
                                            {"normalized", normalised},
                                            {"special", special}});
    };
    add(1100, "Ｗow", true, false, false, true, false);
    add(1101, "<sep>", false, true, false, false, false);
    add(1102, "<tail>", false, false, true, false, true);
    const Tokenizer tokenizer = opened(document);
    expectGoldenIds(tokenizer, "added");
    EXPECT_EQ(tokenizer.size(), 1103);
    EXPECT_EQ(tokenizer.decode({1101, 1102}, {.skipSpecial = true}), "<sep>");
}

TEST(Tokenizer, StripsReplacesAndLeavesWordsWhole) {
    Json document = demoDocument();
    document["pre_tokenizer"]["split"] = false;
    Json& steps = document["normalizer"]["normalizers"];
    steps.push_back({{"type", "Strip"}, {"strip_left", true}, {"strip_right", false}});
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", "ah"}}}, {"content", "oh"}});
    expectGoldenIds(opened(document), "whole");
}

TEST(Tokenizer, ScoresOfJsonAreRoundedAsTheLibraryRoundsThem) {
    const Json& rounding = goldens()["rounding"];
    ASSERT_NE(rounding["read"], rounding["exact"]);
    const Tokenizer json = opened(rounding["document"]);
    TestModel model;
    model.pieces.resize(3);
    for (std::size_t i = 3; i < rounding["document"]["model"]["vocab"].size(); ++i) {
        const Json& piece = rounding["document"]["model"]["vocab"][i];
        model.pieces.push_back({piece[0].get<std::string>(), piece[1].get<float>()});
    }
    const Tokenizer exact = opened(model);
    for (std::size_t i = 0; i < rounding["lines"].size(); ++i) {
        const auto line = rounding["lines"][i].get<std::string>();
        EXPECT_EQ(json.encode(line).ids, rounding["read"][i].get<Ids>());
        EXPECT_EQ(exact.encode(line).ids, rounding["exact"][i].get<Ids>());
    }
}

TEST(Tokenizer, DecodesAsTheFastTokenizer) {
    const Tokenizer tokenizer = Tokenizer::open(DEMO_FOLDER);
    for (std::size_t i = 0; i < goldens()["lines"].size(); ++i) {
        const auto ids = goldens()["ids"]["demo"][i].get<Ids>();
        EXPECT_EQ(tokenizer.decode(ids, {.skipSpecial = true, .cleanUp = false}),
                  goldens()["decoded"][i].get<std::string>());
        EXPECT_EQ(tokenizer.decode(ids, {.skipSpecial = false, .cleanUp = true}),
                  goldens()["cleaned"][i].get<std::string>());
    }
}

TEST(Tokenizer, IdsWithoutAPieceGiveNothing) {
    const Tokenizer tokenizer = Tokenizer::open(DEMO_FOLDER);
    const Ids ids = tokenizer.encode("hello").ids;
    Ids more = {-1, 1100, 2147483647, -2147483647 - 1};
    more.insert(more.end(), ids.begin(), ids.end());
    EXPECT_EQ(tokenizer.decode(more, {}), tokenizer.decode(ids, {}));
    EXPECT_EQ(tokenizer.decode({}, {}), "");
    EXPECT_EQ(tokenizer.piece(1100), "");
    EXPECT_EQ(tokenizer.piece(-1), "");
}

TEST(Tokenizer, TruncatesToTheFirstIdsAndEnd) {
    const Tokenizer tokenizer = Tokenizer::open(DEMO_FOLDER);
    for (const auto& [length, rows] : goldens()["truncated"].items())
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const Encoding encoding =
                tokenizer.encode(goldens()["lines"][i].get<std::string>(), std::stoi(length));
            EXPECT_EQ(encoding.ids, rows[i].get<Ids>());
            EXPECT_TRUE(encoding.truncated());
        }
    const Json& golden = goldens()["long"];
    const auto line = goldens()["lines"][golden["line"].get<std::size_t>()].get<std::string>();
    const Encoding encoding = tokenizer.encode(line, 512);
    EXPECT_EQ(encoding.ids, golden["ids"].get<Ids>());
    EXPECT_EQ(encoding.ids.size(), 512U);
    EXPECT_EQ(encoding.fullLength, golden["full"].get<std::int64_t>());
    EXPECT_FALSE(tokenizer.encode(line, encoding.fullLength).truncated());
    EXPECT_FALSE(tokenizer.encode(line).truncated());
}

TEST(Tokenizer, ReplacesBrokenUtf8AsPythonDoes) {
    const Tokenizer tokenizer = Tokenizer::open(DEMO_FOLDER);
    for (const Json& golden : goldens()["broken"]) {
        std::string bytes;
        for (const Json& byte : golden["bytes"]) bytes += static_cast<char>(byte.get<int>());
        EXPECT_EQ(tokenizer.encode(bytes).ids, golden["ids"].get<Ids>()) << golden["bytes"].dump();
        EXPECT_EQ(tokenizer.encode(golden["text"].get<std::string>()).ids,
                  golden["ids"].get<Ids>());
    }
}

TEST(Tokenizer, KnowsItsSpecialIdsAndSettings) {
    const Tokenizer tokenizer = Tokenizer::open(DEMO_FOLDER);
    EXPECT_EQ(tokenizer.padId(), 0);
    EXPECT_EQ(tokenizer.eosId(), 1);
    EXPECT_EQ(tokenizer.unknownId(), 2);
    EXPECT_EQ(tokenizer.size(), 1100);
    EXPECT_EQ(tokenizer.file(), demo("tokenizer.json"));
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "spiece.model", spieceBytes({}));
    EXPECT_FALSE(Tokenizer::open(folder.path()).cleanUpByDefault());
    EXPECT_EQ(Tokenizer::open(folder.path()).size(), 108);
    fixtures::writeFile(folder / "tokenizer_config.json",
                        R"({"clean_up_tokenization_spaces": true, "extra_ids": 3})");
    EXPECT_TRUE(Tokenizer::open(folder.path()).cleanUpByDefault());
    EXPECT_EQ(Tokenizer::open(folder.path()).size(), 11);
}

// A sentinel of spiece.model alone takes no white space along; U+0085, which this vocabulary does
// not know, shows it. With the flags of tokenizer_config.json it does.
TEST(Tokenizer, SpieceModelTakesFlagsFromTheConfig) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "spiece.model", spieceBytes({}));
    const std::string text = "<extra_id_99>\u0085a";
    EXPECT_THAT(Tokenizer::open(folder.path()).encode(text).ids, ElementsAre(8, 3, 2, 4, 1));
    const auto config = [&](const char* decoder) {
        fixtures::writeFile(folder / "tokenizer_config.json",
                            fmt::format(R"({{"added_tokens_decoder": {}}})", decoder));
    };
    config(R"({"8": {"content": "<extra_id_99>", "rstrip": true, "special": true},
               "108": {"content": "<new>", "special": false}})");
    const Tokenizer tokenizer = Tokenizer::open(folder.path());
    EXPECT_THAT(tokenizer.encode(text).ids, ElementsAre(8, 7, 1));
    EXPECT_THAT(tokenizer.encode("<new>").ids, ElementsAre(108, 1));
    for (const char* bad :
         {"[]", R"({"x": {"content": "<a>"}})", R"({"8": {}})", R"({"5": {"content": "<a>"}})"}) {
        config(bad);
        EXPECT_THROW(Tokenizer::open(folder.path()), Error) << bad;
    }
}

// By hand: "▁a" -4, then "b" -3.5 is -7.5; "▁" "ab" is -7; "▁" "a" "b" -8.5.
TEST(Tokenizer, TakesTheBestPathAndJoinsUnknowns) {
    for (const Tokenizer& tokenizer : {opened(TestModel()), opened(tokenizerDocument())}) {
        EXPECT_THAT(tokenizer.encode("ab").ids, ElementsAre(3, 6, 1));
        EXPECT_THAT(tokenizer.encode("a").ids, ElementsAre(7, 1));
        EXPECT_THAT(tokenizer.encode("axyzb").ids, ElementsAre(7, 2, 5, 1));
        EXPECT_THAT(tokenizer.encode("xy a").ids, ElementsAre(3, 2, 7, 1));
        EXPECT_THAT(tokenizer.encode("").ids, ElementsAre(1));
    }
}

// Reliability case 93. The word of 20 MB has no space; ids by hand: "▁a" and "▁" "ab" differ only
// in the first piece, and every "ab" (-5) beats "a" "b" (-6.5).
TEST(Tokenizer, ReadsALineOfTwentyMegabytes) {
    const Tokenizer tokenizer = opened(TestModel());
    constexpr std::size_t pairs = 10 << 20;
    std::string text;
    text.reserve(2 * pairs + 4);
    for (std::size_t i = 0; i < pairs; ++i) text += "ab";
    const Encoding encoding = tokenizer.encode(text, 8);
    ASSERT_EQ(encoding.fullLength, static_cast<std::int64_t>(pairs) + 2);
    EXPECT_THAT(encoding.ids, ElementsAre(3, 6, 6, 6, 6, 6, 6, 1));
    // Nothing is decided between paths of equal length until the end, and unknowns run on.
    EXPECT_EQ(tokenizer.encode(std::string(2 * pairs, 'x')).fullLength, 3);
    const Tokenizer demoTokenizer = Tokenizer::open(DEMO_FOLDER);
    const Encoding long1 = demoTokenizer.encode(text, 512);
    EXPECT_EQ(long1.ids.size(), 512U);
    EXPECT_GT(long1.fullLength, 1000000);
}

}  // namespace
}  // namespace rankscope::text
