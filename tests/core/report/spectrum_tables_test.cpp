// SPDX-License-Identifier: Apache-2.0
#include "core/report/spectrum_tables.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/report/parameter_table.h"
#include "core/report/rank_range.h"
#include "core/report/table_text.h"

namespace rankscope::report {
namespace {

spectra::Spectrum readSpectrumBack(const Json& json) {
    return spectrumFromJson(JsonReader(json, "The spectrum", "Write it again."));
}

// Squares 16, 4, 4, 1: tails 25, 9, 5, 1, 0.
const spectra::Spectrum sample("w", 4, 5, {4, 2, 2, 1});

TEST(Curve, IsTheTailOfTheSquares) {
    const Curve curve = makeCurve(sample, std::vector<std::int64_t>{-1, 0, 1, 3, 4, 5});
    EXPECT_EQ(curve.ranks, (std::vector<std::int64_t>{0, 1, 3, 4}));
    EXPECT_EQ(curve.frobeniusError, (std::vector<double>{5, 3, 1, 0}));
    EXPECT_EQ(curve.relativeError, (std::vector<double>{1, 0.6, 0.2, 0}));
    EXPECT_DOUBLE_EQ(curve.energy[1], 16.0 / 25);
}

TEST(SpectrumJson, RoundTripsAndNamesTheMetrics) {
    const Json json = toJson(sample);
    EXPECT_EQ(json["frobenius_norm"], 5.0);
    EXPECT_EQ(json["nuclear_norm"], 9.0);
    EXPECT_DOUBLE_EQ(json["stable_rank"].get<double>(), 25.0 / 16);
    EXPECT_DOUBLE_EQ(json["participation_ratio"].get<double>(), 625.0 / (256 + 16 + 16 + 1));
    EXPECT_EQ(json["energy_ranks"]["0.9"], 3);  // (16 + 4 + 4) / 25 = 0.96
    EXPECT_EQ(json["energy_ranks"]["0.99"], 4);
    const spectra::Spectrum again = readSpectrumBack(Json::parse(json.dump()));
    EXPECT_EQ(again.name(), "w");
    EXPECT_EQ(again.rows(), 4);
    EXPECT_EQ(again.columns(), 5);
    EXPECT_EQ(again.singularValues(), sample.singularValues());
    EXPECT_THROW(readSpectrumBack({{"name", "w"}}), Error);
    EXPECT_THROW(readSpectrumBack({{"name", "w"}, {"shape", {4}}, {"singular_values", {1.0}}}),
                 Error);
}

TEST(Csv, KeepsSeventeenDigitsAndDisarmsFormulas) {
    const std::vector<spectra::Spectrum> spectra = {{"=x,y", 1, 2, {0.1}}};
    EXPECT_EQ(spectraCsv(spectra),
              "name,index,singular_value,energy,relative_error\r\n"
              "\"'=x,y\",1,0.10000000000000001,1,0\r\n");
    EXPECT_EQ(csvCell("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(csvCell("plain"), "plain");
}

TEST(RankRange, CountsFromFirstToLast) {
    EXPECT_EQ(ranksOf(parseRankRange("2:9:3"), 100), (std::vector<std::int64_t>{2, 5, 8}));
    EXPECT_EQ(ranksOf(parseRankRange("2:9:3"), 6), (std::vector<std::int64_t>{2, 5}));
    EXPECT_EQ(ranksOf(parseRankRange("0:3"), 9), (std::vector<std::int64_t>{0, 1, 2, 3}));
    EXPECT_EQ(ranksOf(parseRankRange("0:9:9223372036854775807"), 9),
              (std::vector<std::int64_t>{0}));
    for (const char* text : {"", ":", "1", "1:", "a:b", "1:2:3:4", "3:2", "-1:2", "1:2:0", "1:2x"})
        EXPECT_THROW(parseRankRange(text), Error) << text;
    EXPECT_EQ(defaultRanks(768).size(), 65U);  // 0, 12, … 768
    EXPECT_EQ(defaultRanks(100).back(), 100);
}

TEST(PostRank, IsTheSameShareOfTheWidth) {
    EXPECT_EQ(postRank(768), 382);
    EXPECT_EQ(postRank(1024), 509);  // 509.33
    EXPECT_EQ(postRank(96), 48);     // 47.75
    EXPECT_EQ(postRank(1), 1);
}

}  // namespace
}  // namespace rankscope::report
