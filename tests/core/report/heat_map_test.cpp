// SPDX-License-Identifier: Apache-2.0
#include "core/report/heat_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"

namespace rankscope::report {
namespace {

using spectra::Spectrum;
using testing::ElementsAre;

const Spectrum q("encoder.block.1.layer.0.SelfAttention.q.weight", 4, 5, {4, 2, 2, 1});
const Spectrum crossV("decoder.block.0.layer.1.EncDecAttention.v.weight", 2, 2, {1, 1});
const Spectrum wo("encoder.block.0.layer.1.DenseReluDense.wo.weight", 3, 3, {2, 0, 0});
const Spectrum embedding("shared.weight", 2, 2, {9, 9});
const Spectrum* const all[] = {&wo, &q, &crossV, &embedding};

HeatMap map(std::string_view metric, std::int64_t rank = 1) {
    const HeatMetric& found = findHeatMetric(metric);
    return makeHeatMap(found, all,
                       [&](const Spectrum& spectrum) { return found.value(spectrum, rank); });
}

TEST(HeatMap, PutsEveryMatrixInItsLayerAndRole) {
    const HeatMap found = map("stable-rank");
    EXPECT_THAT(found.rows, ElementsAre("encoder 0", "encoder 1", "decoder 0"));
    EXPECT_THAT(found.columns, ElementsAre("self q", "cross v", "FF wo"));
    ASSERT_EQ(found.cells.size(), 3U);  // the embedding is in no layer
    EXPECT_EQ(found.cells[0].matrix, wo.name());
    EXPECT_EQ(found.cells[0].row, 0U);
    EXPECT_EQ(found.cells[0].column, 2U);
    EXPECT_EQ(found.cells[0].value, 1);
    EXPECT_EQ(found.cells[1].row, 1U);
    EXPECT_EQ(found.cells[1].column, 0U);
    EXPECT_EQ(found.cells[1].value, 25.0 / 16);
    EXPECT_EQ(found.cells[2].row, 2U);
    EXPECT_EQ(found.cells[2].column, 1U);
    EXPECT_EQ(found.cells[2].value, 2);
    EXPECT_EQ(found.title, "stable rank (of 2 to 4)");
    EXPECT_EQ(found.low, 1);
    EXPECT_EQ(found.high, 2);
}

TEST(HeatMap, ShowsEachMetric) {
    const auto valueOfQ = [](std::string_view metric, std::int64_t rank = 1) {
        return map(metric, rank).cells[1].value;
    };
    EXPECT_EQ(valueOfQ("energy-rank-90"), 3);  // (16 + 4 + 4) / 25 = 0.96
    EXPECT_EQ(valueOfQ("energy-rank-95"), 3);
    EXPECT_EQ(valueOfQ("energy-rank-99"), 4);
    EXPECT_EQ(valueOfQ("frobenius-norm"), 5);
    EXPECT_EQ(valueOfQ("spectral-norm"), 4);
    EXPECT_EQ(valueOfQ("nuclear-norm"), 9);
    EXPECT_EQ(valueOfQ("numerical-rank"), 4);
    EXPECT_DOUBLE_EQ(valueOfQ("relative-error", 3), 0.2);
    EXPECT_TRUE(std::isnan(valueOfQ("alpha")));  // four values are too few for a fit
    EXPECT_EQ(map("alpha").low, 0);
    EXPECT_EQ(map("alpha").high, 1);
    for (const HeatMetric& metric : heatMetrics())
        EXPECT_EQ(map(metric.name).cells.size(), 3U) << metric.name;
}

TEST(HeatMap, WritesNumbersAsTheyAre) {
    const HeatMap ranks = map("effective-rank");
    EXPECT_EQ(heatCellText(ranks, 60.44), "60.4");
    EXPECT_EQ(heatCellText(ranks, 31), "31");
    EXPECT_EQ(heatCellText(ranks, std::nan("")), "–");
    EXPECT_EQ(heatCellText(map("frobenius-norm"), 0.012345), "0.0123");
    EXPECT_EQ(heatCellText(map("alpha"), 4), "4.00");
}

TEST(HeatMap, AnUnknownMetricNamesTheKnownOnes) {
    try {
        findHeatMetric("colour");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        EXPECT_THAT(error.what(), testing::HasSubstr("effective-rank, stable-rank"));
    }
    EXPECT_TRUE(makeHeatMap(findHeatMetric("alpha"), {}, [](const Spectrum&) {
                    return 1.0;
                }).cells.empty());
}

}  // namespace
}  // namespace rankscope::report
