// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "core/base/error.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string failureOf(const std::string& text, const JsonLimits& limits = {}) {
    try {
        parseJson(text, "some.json", limits);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(ParseJson, KeepsValuesAndTheirOrder) {
    const Json json = parseJson(R"( {"b": [1, -2, 0.5, true, null], "a": {"x": "\u00e9"}} )", "j");
    EXPECT_EQ(json.dump(), R"({"b":[1,-2,0.5,true,null],"a":{"x":"é"}})");
    EXPECT_EQ(json["a"]["x"], "é");
    EXPECT_EQ(parseJson("18446744073709551615", "j").get<std::uint64_t>(), UINT64_MAX);
}

TEST(ParseJson, NamesSourceAndPlace) {
    EXPECT_THAT(failureOf("{\"a\": 1,\n \"b\": }"),
                AllOf(HasSubstr("some.json"), HasSubstr("line 2, column 7")));
}

TEST(ParseJson, RefusesWhatIsNoJson) {
    for (const char* text : {"", "{", "{'a': 1}", "{\"a\": 1,}", "[1] 2", "nul", "{\"a\": NaN}",
                             "[01]", "\"a\nb\"", "[1, 2", "{\"a\" 1}"})
        EXPECT_THAT(failureOf(text), HasSubstr("not valid JSON")) << text;
}

TEST(ParseJson, RefusesDuplicateKeysAtAnyDepth) {
    EXPECT_THAT(failureOf(R"({"a": 1, "a": 1})"), AllOf(HasSubstr("\"a\""), HasSubstr("twice")));
    EXPECT_THAT(failureOf(R"([{"b": {"c": 1, "c": 2}}])"), HasSubstr("twice"));
    EXPECT_THAT(failureOf(R"({"a": 1, "\u0061": 1})"), HasSubstr("twice"));
    EXPECT_EQ(failureOf(R"([{"a": 1}, {"a": 1}])"), "no error");
}

TEST(ParseJson, RefusesInvalidUtf8AndHugeNumbers) {
    EXPECT_THAT(failureOf("{\"a\": \"\xff\"}"), HasSubstr("UTF-8"));
    EXPECT_THAT(failureOf("[1e400]"), HasSubstr("too large"));
}

TEST(ParseJson, KeepsToTheLimits) {
    JsonLimits limits;
    limits.depth = 3;
    limits.stringBytes = 4;
    EXPECT_EQ(failureOf("[[[1]]]", limits), "no error");
    EXPECT_THAT(failureOf("[[[[1]]]]", limits), HasSubstr("more than 3 deep"));
    EXPECT_EQ(failureOf(R"(["abcd"])", limits), "no error");
    EXPECT_THAT(failureOf(R"(["abcde"])", limits), HasSubstr("longer than 4 bytes"));
    EXPECT_THAT(failureOf(R"({"abcde": 1})", limits), HasSubstr("longer than 4 bytes"));
}

TEST(ParseJson, SurvivesDeepNesting) {
    EXPECT_THAT(failureOf(std::string(100'000, '[')), HasSubstr("nested more than 64 deep"));
}

TEST(ParseJson, ReadsManyKeys) {
    std::string text = "{";
    for (int i = 0; i < 200'000; ++i)
        text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
    text += "}";
    EXPECT_EQ(parseJson(text, "many").size(), 200'000U);
}

TEST(ReadTextFile, ReadsAFileAndRefusesOthers) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "a.txt", std::string("x\0y", 3));
    EXPECT_EQ(readTextFile(folder / "a.txt", 3), std::string("x\0y", 3));
    const auto failure = [](const std::filesystem::path& path, std::size_t limit) -> std::string {
        try {
            readTextFile(path, limit);
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_THAT(failure(folder / "a.txt", 2), AllOf(HasSubstr("a.txt"), HasSubstr("3 bytes")));
    EXPECT_THAT(failure(folder / "none", 9), AllOf(HasSubstr("none"), HasSubstr("No such file")));
    EXPECT_THAT(failure(folder.path(), 9), HasSubstr("is a folder"));
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_THAT(failure(folder / "pipe", 9), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace rankscope
