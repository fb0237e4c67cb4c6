// SPDX-License-Identifier: Apache-2.0
#include "core/report/race_tables.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/method/method_curves.h"

namespace rankscope::report {
namespace {

method::MethodCurve readCurve(const Json& json) {
    return raceCurveFromJson(JsonReader(json, "The race", "Measure it again."));
}

const method::MethodCurve svd{"=w", "svd", {0, 2, 4}, {1, 0.5, 0}, {1, 0.75, 0}, {}};
const method::MethodCurve preview{"=w", "randomized", {0, 4}, {1, 0.25}, {}, {0.0, std::nullopt}};

TEST(RaceJson, RoundTripsAndNullStandsForWhatWasNotMeasured) {
    const Json json = toJson(preview);
    EXPECT_TRUE(json["held_out_error"].is_null());
    EXPECT_EQ(json["excess_error"], (Json{0.0, nullptr}));
    EXPECT_TRUE(toJson(svd)["excess_error"].is_null());
    for (const method::MethodCurve& curve : {svd, preview}) {
        const method::MethodCurve again = readCurve(Json::parse(toJson(curve).dump()));
        EXPECT_EQ(again.name, curve.name);
        EXPECT_EQ(again.method, curve.method);
        EXPECT_EQ(again.ranks, curve.ranks);
        EXPECT_EQ(again.activationError, curve.activationError);
        EXPECT_EQ(again.heldOutError, curve.heldOutError);
        EXPECT_EQ(again.excessError, curve.excessError);
    }
}

TEST(RaceJson, WhatDoesNotFitIsRefused) {
    Json json = toJson(svd);
    json["held_out_error"] = {1, 0.5};
    EXPECT_THROW(readCurve(json), Error);
    json = toJson(svd);
    json["ranks"] = {4, 2, 0};
    EXPECT_THROW(readCurve(json), Error);
    json.erase("ranks");
    EXPECT_THROW(readCurve(json), Error);
    json = toJson(preview);
    json["excess_error"] = {0.0};
    EXPECT_THROW(readCurve(json), Error);
}

TEST(RaceCsv, HasOneRowARankAndEmptyCells) {
    EXPECT_EQ(raceCsv(std::vector{svd, preview}),
              "name,method,rank,activation_error,held_out_error,excess_error\r\n"
              "'=w,svd,0,1,1,\r\n'=w,svd,2,0.5,0.75,\r\n'=w,svd,4,0,0,\r\n"
              "'=w,randomized,0,1,,0\r\n'=w,randomized,4,0.25,,\r\n");
}

TEST(PlaceOfRank, IsTheLargestRankMeasuredUpToIt) {
    EXPECT_EQ(placeOfRank(svd, 0), 0U);
    EXPECT_EQ(placeOfRank(svd, 3), 1U);
    EXPECT_EQ(placeOfRank(svd, 9), 2U);
    EXPECT_FALSE(placeOfRank({"w", "svd", {2, 4}, {1, 0}, {}, {}}, 1));
}

}  // namespace
}  // namespace rankscope::report
