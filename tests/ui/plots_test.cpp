// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QImage>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTest>
#include <cmath>

#include "core/base/error.h"
#include "tests/ui/ui_fixture.h"
#include "ui/plots/figure_renderer.h"
#include "ui/plots/plot_drawing.h"
#include "ui/plots/plot_export.h"
#include "ui/plots/rank_plot.h"

namespace rankscope::ui {
namespace {

using report::AxesChoice;
using report::SpectraPlots;
using spectra::Spectrum;
using uitest::halves;

const std::string qName = "encoder.block.0.layer.0.SelfAttention.q.weight";

Spectrum qSpectrum(std::int64_t size) { return {qName, size, size, halves(size)}; }

TEST(PlotSeries, SingularValuesStandAtTheirIndex) {
    const Spectrum spectrum(qName, 2, 3, {8, 2});
    const Spectrum* const one[] = {&spectrum};
    const PlotData data = spectrumData(one, {});
    ASSERT_EQ(data.curves.size(), 1U);
    EXPECT_EQ(data.curves[0].x, (std::vector<double>{1, 2}));
    EXPECT_EQ(data.curves[0].y, (std::vector<double>{8, 2}));
    EXPECT_EQ(data.curves[0].label, "encoder 0 SelfAttention.q");
    EXPECT_EQ(data.curves[0].group, "q");
    AxesChoice normalise;
    normalise.normalise = true;
    EXPECT_EQ(spectrumData(one, normalise).curves[0].y, (std::vector<double>{1, 0.25}));
}

TEST(PlotSeries, ErrorsFollowFromTheTailAndZeroIsAGapOnALogAxis) {
    const Spectrum spectrum(qName, 2, 2, {4, 3});
    const Spectrum* const one[] = {&spectrum};
    const PlotData data = errorData(one, {});
    EXPECT_EQ(data.curves[0].x, (std::vector<double>{0, 1, 2}));
    EXPECT_EQ(data.curves[0].y[0], 1);
    EXPECT_NEAR(data.curves[0].y[1], 0.6, 1e-15);  // 3 / 5
    EXPECT_TRUE(std::isnan(data.curves[0].y[2]));
    EXPECT_FALSE(data.note.isEmpty());
    AxesChoice plain;
    plain.logValue = false;
    EXPECT_EQ(errorData(one, plain).curves[0].y[2], 0);
    EXPECT_TRUE(errorData(one, plain).note.isEmpty());
    AxesChoice logRank;
    logRank.logRank = true;
    EXPECT_EQ(errorData(one, logRank).curves[0].x.front(), 1);
}

TEST(PlotSeries, ThePostsErrorRunsFromRank32ToFull) {
    const auto spectrum = qSpectrum(40);
    AxesChoice plain;
    plain.logValue = false;
    const PlotData data = frobeniusData(spectrum, plain);
    EXPECT_EQ(data.curves[0].x.front(), 32);
    EXPECT_EQ(data.curves[0].x.back(), 40);
    // sqrt(Σ_{i=32}^{39} 4^-i) = sqrt((4^-31 - 4^-39) / 3)
    EXPECT_NEAR(data.curves[0].y.front() / std::sqrt((std::ldexp(1, -62) - std::ldexp(1, -78)) / 3),
                1, 1e-12);
}

TEST(PlotSeries, AxesShowEveryPoint) {
    const auto spectrum = qSpectrum(50);
    const Spectrum* const one[] = {&spectrum};
    for (const bool logRank : {false, true}) {
        for (const bool logValue : {false, true}) {
            for (const auto& data :
                 spectraPlots(SpectraPlots::Both, one, {logRank, logValue, false})) {
                for (std::size_t i = 0; i < data.curves[0].x.size(); ++i) {
                    EXPECT_LE(data.xLower, data.curves[0].x[i]);
                    EXPECT_GE(data.xUpper, data.curves[0].x[i]);
                    if (!std::isnan(data.curves[0].y[i])) {
                        EXPECT_LE(data.yLower, data.curves[0].y[i]);
                        EXPECT_GE(data.yUpper, data.curves[0].y[i]);
                    }
                }
                EXPECT_TRUE(!logRank || data.xLower > 0);
                EXPECT_TRUE(!logValue || data.yLower > 0);
            }
        }
    }
}

TEST(PlotSeries, ReadoutsGiveTheNumbersAtTheRank) {
    const Spectrum a(qName, 2, 2, {4, 3});
    const Spectrum b("decoder.block.0.layer.0.SelfAttention.k.weight", 2, 2, {12, 5});
    const Spectrum* const both[] = {&a, &b};
    EXPECT_TRUE(spectrumReadout(both, 2, false).endsWith("3 … 5"));
    EXPECT_TRUE(errorReadout(both, 1).endsWith("0.384615 … 0.6"));  // 5/13, 3/5
    EXPECT_TRUE(errorReadout(both, 9).endsWith("= 0"));
}

TEST(PlotDrawing, LinesAreOnePixelWideAndToldApartByStyleToo) {
    for (std::size_t i = 0; i < mostNamedCurves; ++i) {
        EXPECT_EQ(curvePen(i).width(), 1);
        for (std::size_t j = 0; j < i; ++j) EXPECT_NE(curvePen(i).color(), curvePen(j).color());
        if (i > 0) EXPECT_NE(curvePen(i).style(), curvePen(i - 1).style());
    }
}

TEST(PlotDrawing, ManyCurvesAreGroupedByRoleInTheLegend) {
    std::vector<Spectrum> all;
    for (int block = 0; block < 6; ++block) {
        for (const char* role : {"q", "k"}) {
            all.emplace_back("encoder.block." + std::to_string(block) + ".layer.0.SelfAttention." +
                                 role + ".weight",
                             4, 4, halves(4));
        }
    }
    std::vector<const Spectrum*> pointers;
    for (const auto& spectrum : all) pointers.push_back(&spectrum);
    QCustomPlot plot;
    drawPlot(*plot.axisRect(), spectrumData(pointers, {}), plot.legend, 12);
    ASSERT_EQ(plot.legend->itemCount(), 2);
    EXPECT_EQ(plot.graph(0)->pen(), plot.graph(2)->pen());
    EXPECT_NE(plot.graph(0)->pen(), plot.graph(1)->pen());
    const auto few = std::span(pointers).first(8);
    drawPlot(*plot.axisRect(), spectrumData(few, {}), plot.legend, 12);
    EXPECT_EQ(plot.legend->itemCount(), 8);
    EXPECT_EQ(plot.graphCount(), 8);
}

TEST(PlotDrawing, LogAxesAreTrueLogAxes) {
    QCustomPlot plot;
    plot.resize(600, 400);
    const auto spectrum = qSpectrum(20);
    const Spectrum* const one[] = {&spectrum};
    drawPlot(*plot.axisRect(), spectrumData(one, {true, true, false}), plot.legend, 12);
    plot.replot();
    const auto y = [&](double value) { return plot.yAxis->coordToPixel(value); };
    EXPECT_NEAR(y(0.001) - y(0.01), y(0.01) - y(0.1), 0.01);
    EXPECT_TRUE(qSharedPointerDynamicCast<QCPAxisTickerLog>(plot.xAxis->ticker()));
}

class RankPlotTest : public ::testing::Test {
 protected:
    RankPlotTest() {
        plot.resize(600, 400);
        plot.show();
        const Spectrum* const one[] = {&spectrum};
        plot.setPlotData(spectrumData(one, {}), false);
        plot.setRank(100, "readout");
        plot.replot();
        QObject::connect(&plot, &RankPlot::rankMoved,
                         [this](qint64 rank) { plot.setRank(rank, "moved"); });
    }
    QPoint at(double rank) const {
        return {static_cast<int>(std::lround(plot.xAxis->coordToPixel(rank))), 200};
    }
    std::vector<double> values() const {
        std::vector<double> result;
        for (int i = 0; i < 400; ++i) result.push_back(std::exp(-0.01 * i));
        return result;
    }
    Spectrum spectrum{qName, 400, 400, values()};
    RankPlot plot{"test"};
};

TEST_F(RankPlotTest, DraggingEndsWithinOneRankAndRedrawsNoCurve) {
    int replots = 0;
    QObject::connect(&plot, &QCustomPlot::beforeReplot, [&] { ++replots; });
    const double rangeBefore = plot.xAxis->range().lower;
    QTest::mousePress(&plot, Qt::LeftButton, {}, at(100));
    for (int rank = 110; rank <= 250; rank += 10) QTest::mouseMove(&plot, at(rank));
    QTest::mouseRelease(&plot, Qt::LeftButton, {}, at(250));
    EXPECT_NEAR(static_cast<double>(plot.rank()), 250, 1);
    EXPECT_EQ(replots, 0);
    EXPECT_EQ(plot.xAxis->range().lower, rangeBefore);
}

TEST_F(RankPlotTest, DraggingBesideTheLineMovesTheAxesAndNotTheRank) {
    QTest::mousePress(&plot, Qt::LeftButton, {}, at(200));
    QTest::mouseMove(&plot, at(220));
    QTest::mouseMove(&plot, at(240));
    QTest::mouseRelease(&plot, Qt::LeftButton, {}, at(240));
    EXPECT_EQ(plot.rank(), 100);
    EXPECT_LT(plot.xAxis->range().lower, plot.plotData().xLower - 10);
    QTest::mouseDClick(&plot, Qt::LeftButton, {}, QPoint(400, 200));
    EXPECT_EQ(plot.xAxis->range().lower, plot.plotData().xLower);
}

TEST_F(RankPlotTest, KeysMoveTheLine) {
    EXPECT_EQ(plot.focusPolicy(), Qt::StrongFocus);
    QTest::keyClick(&plot, Qt::Key_Right);
    EXPECT_EQ(plot.rank(), 101);
    QTest::keyClick(&plot, Qt::Key_Left, Qt::ShiftModifier);
    EXPECT_EQ(plot.rank(), 91);
    QTest::keyClick(&plot, Qt::Key_Home);
    EXPECT_EQ(plot.rank(), 1);
    QTest::keyClick(&plot, Qt::Key_Left);
    EXPECT_EQ(plot.rank(), 1);
    QTest::keyClick(&plot, Qt::Key_End);
    EXPECT_EQ(plot.rank(), 400);
    QTest::keyClick(&plot, Qt::Key_Right, Qt::ShiftModifier);
    EXPECT_EQ(plot.rank(), 400);
    EXPECT_EQ(plot.accessibleDescription(), "moved");
}

TEST_F(RankPlotTest, NewDataKeepTheZoomWhereAsked) {
    plot.xAxis->setRange(50, 150);
    const Spectrum* const one[] = {&spectrum};
    plot.setPlotData(spectrumData(one, {}), true);
    EXPECT_EQ(plot.xAxis->range().upper, 150);
    plot.setPlotData(spectrumData(one, {}), false);
    EXPECT_GT(plot.xAxis->range().upper, 399);
}

class FigureTest : public ::testing::Test {
 protected:
    report::FigureRequest request(const char* file, SpectraPlots plots = SpectraPlots::Both,
                                  const report::Views& views = {}) {
        return {.out = folder / file,
                .title = "A title",
                .size = {120, 60, 200},
                .figure = report::SpectraFigure{
                    .plots = plots, .spectra = {qSpectrum(60)}, .rank = 20, .views = views}};
    }
    fixtures::TempFolder folder;
};

TEST_F(FigureTest, PngHasItsSizeAndResolution) {
    for (const auto plots : {SpectraPlots::SingularValues, SpectraPlots::Error, SpectraPlots::Both,
                             SpectraPlots::OneMatrix}) {
        renderFigure(request("a.png", plots));
        const QImage image(QString::fromStdString((folder / "a.png").string()));
        EXPECT_EQ(image.width(), 945);   // 120 / 25.4 · 200
        EXPECT_EQ(image.height(), 472);  // 60 / 25.4 · 200
        EXPECT_EQ(image.dotsPerMeterX(), 7874);
        EXPECT_EQ(image.pixelColor(0, 0), QColor(Qt::white));
    }
}

TEST_F(FigureTest, PdfHasItsPageSizeAndVectors) {
    renderFigure(request("a.pdf"));
    const std::string bytes = fixtures::readFile(folder / "a.pdf");
    EXPECT_TRUE(bytes.starts_with("%PDF-"));
    const QRegularExpression box(R"(/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\])");
    const auto match =
        box.match(QString::fromLatin1(bytes.c_str(), static_cast<int>(bytes.size())));
    ASSERT_TRUE(match.hasMatch());
    EXPECT_NEAR(match.captured(1).toDouble(), 120 / 25.4 * 72, 1);
    EXPECT_NEAR(match.captured(2).toDouble(), 60 / 25.4 * 72, 1);
    EXPECT_EQ(bytes.find("/Subtype /Image"), std::string::npos);
}

TEST_F(FigureTest, NoCurveOfASvgLeavesTheAxes) {
    const report::View zoom{10, 30, 1e-6, 1e-4};  // the curve enters above and leaves below
    renderFigure(request("a.svg", SpectraPlots::SingularValues, {zoom}));
    const std::string text = fixtures::readFile(folder / "a.svg");
    EXPECT_NE(text.find("width=\"120"), std::string::npos);
    const QRegularExpression line(R"(<polyline[^>]*points=\"([^\"]*)\")");
    int points = 0;
    auto matches = line.globalMatch(QString::fromStdString(text));
    while (matches.hasNext()) {
        for (const QString& pair : matches.next().captured(1).split(' ', Qt::SkipEmptyParts)) {
            const auto xy = pair.split(',');
            ASSERT_EQ(xy.size(), 2);
            // The axes stand within the page, under the title.
            EXPECT_GT(xy[0].toDouble(), 30);
            EXPECT_LT(xy[0].toDouble(), 454);
            EXPECT_GT(xy[1].toDouble(), 20) << pair.toStdString();
            EXPECT_LT(xy[1].toDouble(), 200) << pair.toStdString();
            ++points;
        }
    }
    EXPECT_GE(points, 4);
}

TEST_F(FigureTest, ClippingCutsSegmentsAtTheEdges) {
    QCustomPlot plot;
    auto* graph = plot.addGraph();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    // in, out over the top, in again; a gap; a segment that crosses the whole box
    graph->setData({0, 1, 2, 3, 4, 6}, {0, 2, 0, nan, -3, 3}, true);
    plot.xAxis->setRange(0, 5.5);
    plot.yAxis->setRange(-1, 1);
    clipCurves(*plot.axisRect());
    std::vector<std::pair<double, double>> points;
    for (const auto& point : *graph->data())
        if (!std::isnan(point.value)) points.emplace_back(point.key, point.value);
    const std::vector<std::pair<double, double>> expected{{0, 0}, {0.5, 1}, {1.5, 1}, {2, 0}};
    ASSERT_EQ(points.size(), 6U);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(points[i].first, expected[i].first, 1e-12);
        EXPECT_NEAR(points[i].second, expected[i].second, 1e-12);
    }
    EXPECT_NEAR(points[4].first, 4 + 2.0 / 3, 1e-12);
    EXPECT_NEAR(points[4].second, -1, 1e-12);
    EXPECT_NEAR(points[5].first, 4 + 4.0 / 3, 1e-12);
    EXPECT_NEAR(points[5].second, 1, 1e-12);
}

TEST_F(FigureTest, WrongEndingsSizesAndFoldersAreRefused) {
    EXPECT_THROW(renderFigure(request("a.gif")), Error);
    EXPECT_THROW(renderFigure(request("missing/a.png")), Error);
    auto wide = request("a.png");
    wide.size.widthMm = 2000;
    EXPECT_THROW(renderFigure(wide), Error);
    wide.size = {900, 900, 1200};
    EXPECT_THROW(renderFigure(wide), Error);
    EXPECT_FALSE(std::filesystem::exists(folder / "a.png"));
}

}  // namespace
}  // namespace rankscope::ui
