// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/base/error.h"

namespace rankscope {
namespace {

std::string messageOf(const std::function<void()>& read) {
    try {
        read();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(JsonReader, ReadsEveryType) {
    const Json document = Json::parse(
        R"({"a": {"n": 3, "x": 0.5, "t": "word", "f": true, "none": null, "l": ["p", "q"],
                 "w": [1, 2], "r": [1, 0.5]}})");
    const JsonReader reader(document, "file.json", "Write it again.");
    const JsonReader a = reader.at("a");
    EXPECT_EQ(a.at("n").whole(), 3);
    EXPECT_EQ(a.at("n").natural(), 3U);
    EXPECT_EQ(a.at("x").real(), 0.5);
    EXPECT_EQ(a.at("n").real(), 3);
    EXPECT_EQ(a.at("t").text(), "word");
    EXPECT_TRUE(a.at("f").flag());
    EXPECT_TRUE(a.at("none").isNull());
    EXPECT_TRUE(std::isnan(a.at("none").real()));
    EXPECT_EQ(a.at("l").texts(), (std::vector<std::string>{"p", "q"}));
    EXPECT_EQ(a.at("w").wholes(), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(a.at("r").reals(), (std::vector<double>{1, 0.5}));
    EXPECT_FALSE(a.find("none"));
    EXPECT_FALSE(a.find("missing"));
    EXPECT_EQ(a.find("n")->whole(), 3);
}

TEST(JsonReader, NamesThePlaceTheReasonAndTheRemedy) {
    const Json document =
        Json::parse(R"({"list": [1, {"n": "three"}], "big": 18446744073709551615})");
    const JsonReader reader(document, "file.json: it", "Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("runs"); }),
              "file.json: it has no \"runs\". Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("list").elements()[1].at("n").whole(); }),
              "file.json: it.list[1].n is not a whole number. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("big").whole(); }),
              "file.json: it.big is not a whole number. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("list").elements(3); }),
              "file.json: it.list should have 3 elements. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("list").elements()[0].at("n"); }),
              "file.json: it.list[0] has no \"n\". Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("list").reals(); }),
              "file.json: it.list[1] is not a number. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("big").reals(); }),
              "file.json: it.big is not an array. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.elements(); }),
              "file.json: it is not an array. Write it again.");
    EXPECT_EQ(reader.at("big").natural(), 18446744073709551615U);
    EXPECT_EQ(messageOf([&] { reader.at("list").natural(); }),
              "file.json: it.list is not a whole number of 0 or more. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("big").text(); }),
              "file.json: it.big is not a text. Write it again.");
    EXPECT_EQ(messageOf([&] { reader.at("big").flag(); }),
              "file.json: it.big is not true or false. Write it again.");
}

TEST(JsonReader, ErrorsHaveTheKindAskedFor) {
    const Json document = Json::parse(R"({"list": [{}]})");
    const auto kindOf = [&](const JsonReader& reader) {
        try {
            reader.at("list").elements()[0].at("n");
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::Interrupted;
    };
    EXPECT_EQ(kindOf(JsonReader(document, "it", "Again.")), ErrorKind::Failed);
    EXPECT_EQ(kindOf(JsonReader(document, "it", "Again.", ErrorKind::Usage)), ErrorKind::Usage);
}

}  // namespace
}  // namespace rankscope
