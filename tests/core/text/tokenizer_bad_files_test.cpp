// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile tokenizer files, by their numbers in the list of reliability cases.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/base/error.h"
#include "core/text/base64.h"
#include "core/text/tokenizer/tokenizer.h"
#include "tests/core/text/tokenizer_files.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::text {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The sentence with which a file is refused; empty if it is read. Any other exception fails.
std::string refusal(const std::string& name, const std::string& bytes) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / name, bytes);
    try {
        const Tokenizer tokenizer = Tokenizer::open(folder.path());
        (void)tokenizer.encode("Hello \u00bd a\u0301 \uff21\u0301 world <pad>\r\n", 8);
        return {};
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(name));
        EXPECT_THAT(error.subject(), HasSubstr(name));
        return error.what();
    }
}
std::string refusal(const TestModel& model) { return refusal("spiece.model", spieceBytes(model)); }
std::string refusal(const Json& document) { return refusal("tokenizer.json", document.dump()); }

std::string demoBytes(const char* name) {
    return fixtures::readFile(std::filesystem::path(DEMO_FOLDER) / name);
}

TEST(BadTokenizer, Case86TruncatedSpieceModel) {
    const std::string whole = spieceBytes({});
    ASSERT_EQ(refusal("spiece.model", whole), "");
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_NE(refusal("spiece.model", whole.substr(0, length)), "")
            << length << " of " << whole.size() << " bytes";
    const std::string demo = demoBytes("spiece.model");
    for (const std::size_t length : {demo.size() - 1, demo.size() / 2, std::size_t{1000}})
        EXPECT_NE(refusal("spiece.model", demo.substr(0, length)), "") << length;
}

TEST(BadTokenizer, Case87ProtobufBounds) {
    const std::string whole = spieceBytes({});
    const std::string length = varintBytes(1U << 3U | 2U);
    for (const std::uint64_t bytes :
         {std::uint64_t{1} << 20U, std::uint64_t{1} << 63U, ~std::uint64_t{0}})
        EXPECT_THAT(refusal("spiece.model", whole + length + varintBytes(bytes)),
                    HasSubstr("are left"));
    EXPECT_THAT(refusal("spiece.model", whole + std::string(100, '\xff')), HasSubstr("no end"));
    EXPECT_THAT(refusal("spiece.model", whole + length + std::string(3, '\xff')),
                HasSubstr("cut off"));
    std::string groups;
    for (int i = 0; i < 1000; ++i) groups += varintBytes(9U << 3U | 3U);
    EXPECT_THAT(refusal("spiece.model", whole + groups), HasSubstr("nested"));
    EXPECT_THAT(refusal("spiece.model", whole + varintBytes(9U << 3U | 3U)), HasSubstr("no end"));
    EXPECT_THAT(refusal("spiece.model", whole + varintBytes(9U << 3U | 4U)),
                HasSubstr("did not begin"));
    EXPECT_THAT(refusal("spiece.model", whole + varintBytes(9U << 3U | 7U)), HasSubstr("no field"));
    // Unknown fields of every type are skipped.
    const std::string group = varintBytes(9U << 3U | 3U) + varintField(2, 7) +
                              varintBytes(9U << 3U | 4U) + varintBytes(10U << 3U | 1U) +
                              "12345678" + varintBytes(11U << 3U | 5U) + "1234" +
                              bytesField(12, "text");
    EXPECT_EQ(refusal("spiece.model", whole + group), "");
}

TEST(BadTokenizer, Case88PiecesAndScores) {
    TestModel model;
    model.pieces.clear();
    EXPECT_THAT(refusal(model), HasSubstr("no pieces"));
    model = {};
    model.pieces.push_back({"ab", -1});
    EXPECT_THAT(refusal(model), HasSubstr("occurs twice"));
    model = {};
    model.pieces.push_back({"", -1});
    EXPECT_THAT(refusal(model), HasSubstr("is empty"));
    model.pieces.back() = {std::string(5000, 'a'), -1};
    EXPECT_THAT(refusal(model), HasSubstr("limit"));
    for (const float score :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        model.pieces.back() = {"c", score};
        EXPECT_THAT(refusal(model), HasSubstr("is not a number"));
    }
    Json document = tokenizerDocument();
    document["model"]["vocab"] = Json::array();
    EXPECT_THAT(refusal(document), HasSubstr("no pieces"));
    for (const Json& entry :
         {Json::parse(R"(["a", "b"])"), Json::parse("[1, 2]"), Json::parse(R"(["a"])"), Json(3)}) {
        document = tokenizerDocument();
        document["model"]["vocab"].push_back(entry);
        EXPECT_THAT(refusal(document), HasSubstr("entry 8")) << entry.dump();
    }
}

TEST(BadTokenizer, Case89IdsOutOfRange) {
    for (const std::int64_t id : {std::int64_t{8}, std::int64_t{-1}, std::int64_t{1} << 40}) {
        TestModel model;
        model.unknown = id;
        EXPECT_THAT(refusal(model), HasSubstr("unknown piece's id")) << id;
        model = {};
        model.eos = id;
        if (id != -1) EXPECT_THAT(refusal(model), HasSubstr("end piece's id")) << id;
        Json document = tokenizerDocument();
        document["model"]["unk_id"] = id;
        EXPECT_NE(refusal(document), "") << id;
        document = tokenizerDocument();
        document["post_processor"]["special_tokens"]["</s>"]["ids"][0] = id;
        EXPECT_NE(refusal(document), "") << id;
        document = tokenizerDocument();
        document["added_tokens"].push_back({{"id", id}, {"content", "ab"}});
        EXPECT_NE(refusal(document), "") << id;
    }
    TestModel model;
    model.pieces[1].text = "<end>";
    EXPECT_THAT(refusal(model), HasSubstr("\"</s>\""));
    model = {};
    model.pieces[0].text = "<fill>";
    EXPECT_THAT(refusal(model), HasSubstr("\"<pad>\""));
}

TEST(BadTokenizer, Case90DamagedCharsmap) {
    Json document = Json::parse(demoBytes("tokenizer.json"));
    const auto field = [](Json& json) -> Json& {
        return json["normalizer"]["normalizers"][0]["precompiled_charsmap"];
    };
    const std::string map = *decodeBase64(field(document).get<std::string>());
    TestModel model;
    model.charsmap = map;
    ASSERT_EQ(refusal(model), "");
    for (const std::size_t length : {1, 3, 4, 100, 100000}) {
        model.charsmap = map.substr(0, length);
        EXPECT_THAT(refusal(model), AllOf(HasSubstr("normaliser"), HasSubstr("damaged"))) << length;
    }
    for (const char* text : {"@@@@", "abc", "abcde"}) {
        field(document) = text;
        EXPECT_NE(refusal(document), "") << text;
    }
    // Any damage is refused or harmless: never a crash or a read outside.
    std::mt19937 random(1);
    for (int i = 0; i < 60; ++i) {
        model.charsmap = map;
        for (int k = 0; k < 20; ++k)
            model.charsmap[random() % map.size()] = static_cast<char>(random() & 0xFFU);
        (void)refusal(model);
        for (std::size_t at = 4; at < 4 + 4 * 256; ++at)
            model.charsmap[at] = static_cast<char>(random() & 0xFFU);
        (void)refusal(model);
    }
}

TEST(BadTokenizer, Case91PieceNotUtf8) {
    TestModel model;
    model.pieces.push_back({"\xff\xfe", -1});
    EXPECT_THAT(refusal(model), HasSubstr("UTF-8"));
    std::string json = tokenizerDocument().dump();
    json.insert(json.find("\"ab\"") + 1, "\xc3");
    EXPECT_THAT(refusal("tokenizer.json", json), HasSubstr("UTF-8"));
}

TEST(BadTokenizer, Case92OtherModels) {
    Json document = tokenizerDocument();
    document["model"]["type"] = "BPE";
    EXPECT_THAT(refusal(document), AllOf(HasSubstr("BPE"), HasSubstr("Unigram")));
    document = tokenizerDocument();
    document["model"] = {{"vocab", {{"a", 1}}}, {"merges", Json::array()}};
    EXPECT_THAT(refusal(document), HasSubstr("model.vocab"));
    TestModel model;
    model.modelType = 2;
    EXPECT_THAT(refusal(model), HasSubstr("Unigram"));
    model = {};
    model.byteFallback = true;
    EXPECT_THAT(refusal(model), HasSubstr("bytes"));
    const auto with = [](const char* key, Json value) {
        Json json = tokenizerDocument();
        json[key] = std::move(value);
        return refusal(json);
    };
    EXPECT_THAT(with("normalizer", {{"type", "Lowercase"}}), HasSubstr("Lowercase"));
    EXPECT_THAT(with("pre_tokenizer", {{"type", "ByteLevel"}}), HasSubstr("ByteLevel"));
    EXPECT_THAT(with("decoder", {{"type", "WordPiece"}}), HasSubstr("WordPiece"));
    EXPECT_THAT(with("post_processor", {{"type", "BertProcessing"}}), HasSubstr("BertProcessing"));
    EXPECT_THAT(with("post_processor", nullptr), HasSubstr("missing"));
    EXPECT_THAT(with("model", nullptr), HasSubstr("missing"));
    EXPECT_THAT(with("added_tokens", "text"), HasSubstr("not a list"));
    EXPECT_THAT(with("normalizer",
                     {{"type", "Replace"}, {"pattern", {{"Regex", "(a+)+$"}}}, {"content", ""}}),
                HasSubstr("Regex"));
}

TEST(BadTokenizer, WhatIsNoTokenizerFile) {
    EXPECT_NE(refusal("tokenizer.json", ""), "");
    EXPECT_NE(refusal("tokenizer.json", "{"), "");
    EXPECT_NE(refusal("spiece.model", ""), "");
    EXPECT_NE(refusal("spiece.model", "<html>not found</html>"), "");
    EXPECT_THAT(refusal("spiece.model", "version https://git-lfs.github.com/spec/v1\n"),
                HasSubstr("Git LFS"));
    const fixtures::TempFolder folder;
    EXPECT_THROW(Tokenizer::open(folder.path()), Error);
    std::filesystem::create_symlink("nowhere", folder / "tokenizer.json");
    EXPECT_THROW(Tokenizer::open(folder.path()), Error);
}

TEST(BadTokenizer, RandomDamageIsRefusedOrHarmless) {
    const std::string whole = spieceBytes({});
    const std::string json = tokenizerDocument().dump();
    std::mt19937 random(2);
    for (int i = 0; i < 250; ++i) {
        for (const auto& [name, good] :
             {std::pair("spiece.model", whole), std::pair("tokenizer.json", json)}) {
            std::string bytes = good;
            for (int k = 0; k < 3; ++k)
                bytes[random() % bytes.size()] = static_cast<char>(random() & 0xFFU);
            (void)refusal(name, bytes);
        }
    }
}

}  // namespace
}  // namespace rankscope::text
