// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QImage>
#include <QTest>
#include <cmath>

#include "core/base/error.h"
#include "core/report/race_tables.h"
#include "tests/ui/ui_fixture.h"
#include "ui/plots/figure_renderer.h"
#include "ui/plots/plot_drawing.h"
#include "ui/plots/race_series.h"

namespace rankscope::ui {
namespace {

const compress::RaceCurve svd{"w", "svd", {0, 1, 2, 3}, {1, 0.5, 0.25, 0}, {1, 0.8, 0.4, 0}, {}};
const compress::RaceCurve whitened{
    "w", "whitened", {0, 1, 2, 3}, {1, 0.25, 0.125, 0}, {1, 0.6, 0.5, 0}, {}};
const compress::RaceCurve preview{"w",       "randomized", {1, 3},
                                  {0.55, 0}, {0.1, 0},     {0.02, std::nullopt}};
const std::vector<compress::RaceCurve> all{svd, whitened, preview};

TEST(RaceSeries, HeldOutIsTheCurveAndCalibrationTheDashedLineBesideIt) {
    const PlotData data = raceData(all, {.logValue = false});
    ASSERT_EQ(data.curves.size(), 3U);
    EXPECT_EQ(data.curves[1].y, whitened.heldOutError);
    EXPECT_EQ(data.overlays[1].low, whitened.activationError);
    EXPECT_TRUE(data.overlays[1].dashed);
    EXPECT_EQ(data.overlays[1].curve, 1U);
    EXPECT_TRUE(data.curves[2].points);  // a preview is known at its ranks alone
    EXPECT_TRUE(data.curves[2].label.contains("preview"));
    EXPECT_EQ(data.largestRank, 3);
    EXPECT_LE(data.yLower, 0);
    EXPECT_GE(data.yUpper, 1);
    EXPECT_TRUE(data.yTitle.contains("‖(W − Wᵣ)X‖ / ‖WX‖"));
}

TEST(RaceSeries, WithoutHeldOutDialoguesCalibrationIsTheCurve) {
    auto seen = all;
    for (auto& curve : seen) {
        curve.heldOutError.clear();
    }
    const PlotData data = raceData(seen, {.logValue = false});
    EXPECT_EQ(data.curves[0].y, svd.activationError);
    ASSERT_EQ(data.overlays.size(), 1U);  // the legend says so
    EXPECT_TRUE(data.overlays[0].label.contains("calibration"));
    EXPECT_TRUE(raceReadout(seen, 2).contains("best on calibration: whitened, 0.125"));
}

TEST(RaceSeries, DividedBySvdSameDialoguesAreCompared) {
    const PlotData data = raceData(all, {.logValue = false, .normalise = true});
    EXPECT_EQ(data.curves[0].y[1], 1);
    EXPECT_EQ(data.curves[1].y[1], 0.6 / 0.8);
    EXPECT_EQ(data.overlays[1].low[1], 0.25 / 0.5);
    EXPECT_TRUE(std::isnan(data.curves[1].y[3]));  // nothing over nothing
    EXPECT_TRUE(data.yTitle.contains("svd"));
}

TEST(RaceSeries, OnALogarithmicAxisZeroIsAGap) {
    const PlotData data = raceData(all, {.logRank = true, .logValue = true});
    EXPECT_EQ(data.curves[0].x.front(), 1);
    EXPECT_TRUE(std::isnan(data.curves[0].y.back()));
    EXPECT_GT(data.yLower, 0);
    EXPECT_LT(data.yLower, 0.1);
}

TEST(RaceSeries, TheReadoutNamesTheBestButNoPreview) {
    EXPECT_EQ(raceReadout(all, 1), "r = 1   best held out: whitened, 0.6");
    EXPECT_EQ(raceReadout(all, 2), "r = 2   best held out: svd, 0.4");
    EXPECT_EQ(raceReadout({}, 2), "");
}

TEST(RaceSeries, AMethodKeepsItsColourWhoeverRuns) {
    const PlotData both = raceData(all, {});
    const PlotData alone = raceData(std::span(all).subspan(1, 1), {});
    EXPECT_EQ(penOf(both, 1).color(), penOf(alone, 0).color());
    EXPECT_NE(penOf(both, 0).color(), penOf(both, 1).color());
}

TEST(RaceFigure, IsReadFromWhatTheCommandLinePrintsAndDrawn) {
    const fixtures::TempFolder folder;
    for (const char* ending : {".png", ".svg", ".pdf"}) {
        const std::string out = (folder / (std::string("race") + ending)).string();
        Json document = {{"figure", "race"}, {"out", out}, {"rank", 2}, {"title", "w"}};
        for (const auto& curve : all) {
            document["race"].push_back(report::toJson(curve));
        }
        renderFigure(figureRequestFromJson(document, "request"));
        EXPECT_FALSE(fixtures::readFile(out).empty());
    }
    const std::string svg = fixtures::readFile(folder / "race.svg");
    for (const char* words :
         {"whitened", "randomized (preview)", "held-out dialogues", "best held out: svd, 0.4"}) {
        EXPECT_NE(svg.find(words), std::string::npos) << words;
    }
    EXPECT_THROW(figureRequestFromJson({{"figure", "race"}, {"out", "x.png"}}, "request"), Error);
    EXPECT_THROW(figureRequestFromJson(
                     {{"figure", "race"}, {"out", "x.png"}, {"race", Json::array()}}, "request"),
                 Error);
}

}  // namespace
}  // namespace rankscope::ui
