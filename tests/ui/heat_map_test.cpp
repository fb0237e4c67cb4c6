// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QImage>
#include <QSignalSpy>
#include <QTest>
#include <cmath>
#include <variant>

#include "core/report/figure_request.h"
#include "core/report/heat_map.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/main_window.h"
#include "ui/plots/figure_renderer.h"

namespace rankscope::ui {
namespace {

using spectra::Spectrum;
using uitest::find;
using uitest::OpenSession;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";
const std::string v1 = "encoder.block.1.layer.0.SelfAttention.v.weight";
const std::string crossO = "decoder.block.1.layer.1.EncDecAttention.o.weight";

/// Stable ranks 1 and 2 in a map of two layers and two roles; the other two cells have no matrix.
report::HeatMap twoCells() {
    static const Spectrum first(q0, 2, 2, {3, 0});
    static const Spectrum second(v1, 2, 2, {3, 3});
    const Spectrum* const both[] = {&first, &second};
    const report::HeatMetric& metric = report::findHeatMetric("stable-rank");
    return report::makeHeatMap(metric, both, [&](const Spectrum& s) { return metric.value(s, 1); });
}

TEST(Viridis, RunsFromDarkVioletToYellow) {
    QCPColorGradient gradient = viridis();
    EXPECT_EQ(gradient.color(0, {0, 1}), qRgb(0x44, 0x01, 0x54));
    EXPECT_EQ(gradient.color(1, {0, 1}), qRgb(0xfd, 0xe7, 0x25));
}

TEST(HeatMapPlot, ColoursEachCellByItsValue) {
    HeatMapPlot plot;
    plot.resize(500, 300);
    plot.setHeatMap(twoCells());
    ASSERT_EQ(plot.plottableCount(), 1);
    const auto* colours = qobject_cast<QCPColorMap*>(plot.plottable(0));
    ASSERT_NE(colours, nullptr);
    EXPECT_EQ(colours->data()->cell(0, 0), 1);
    EXPECT_EQ(colours->data()->cell(1, 1), 2);
    EXPECT_TRUE(std::isnan(colours->data()->cell(1, 0)));
    EXPECT_EQ(colours->dataRange(), QCPRange(1, 2));
    EXPECT_EQ(colours->colorScale()->axis()->label(), "stable rank (of 2)");
    EXPECT_TRUE(plot.yAxis->rangeReversed());
    plot.replot(QCustomPlot::rpImmediateRefresh);
    const QImage picture = plot.toPixmap(500, 300).toImage();
    // Beside the number in the middle of the cell.
    const auto colourAt = [&](int column, int row) {
        const double x = plot.xAxis->coordToPixel(column - 0.4);
        const double y = plot.yAxis->coordToPixel(row - 0.4);
        return QColor(picture.pixel(static_cast<int>(x), static_cast<int>(y))).name();
    };
    EXPECT_EQ(colourAt(0, 0), "#440154");
    EXPECT_EQ(colourAt(1, 1), "#fde725");
    EXPECT_EQ(colourAt(1, 0), "#e4e4e4");  // no matrix there
    EXPECT_TRUE(plot.accessibleDescription().contains("encoder 1 SelfAttention.v: 2"));
}

TEST(HeatMapPlot, DrawsASingleCellAndNone) {
    static const Spectrum one(q0, 2, 2, {3, 0});
    const Spectrum* const only[] = {&one};
    HeatMapPlot plot;
    plot.resize(300, 200);
    plot.setViewport(plot.rect());  // a hidden widget gets no resize event
    plot.setHeatMap(report::makeHeatMap(report::findHeatMetric("alpha"), only,
                                        [](const Spectrum&) { return 3.5; }));
    EXPECT_EQ(plot.itemCount(), 1);  // the number
    plot.setSelected({q0});
    EXPECT_EQ(plot.itemCount(), 2);  // and a frame
    EXPECT_FALSE(plot.toPixmap(300, 200).isNull());
    plot.setHeatMap({});
    EXPECT_FALSE(plot.toPixmap(300, 200).isNull());
    EXPECT_EQ(plot.cellCentre(q0), QPoint(-1, -1));
}

TEST(HeatMapPlot, AClickNamesTheMatrix) {
    HeatMapPlot plot;
    plot.resize(500, 300);
    plot.show();
    plot.setHeatMap(twoCells());
    plot.replot(QCustomPlot::rpImmediateRefresh);
    QSignalSpy clicked(&plot, &HeatMapPlot::matrixClicked);
    QTest::mouseClick(&plot, Qt::LeftButton, {}, plot.cellCentre(v1));
    ASSERT_EQ(clicked.count(), 1);
    EXPECT_EQ(clicked[0][0].toString().toStdString(), v1);
    const QPoint empty(plot.cellCentre(v1).x(), plot.cellCentre(q0).y());
    QTest::mouseClick(&plot, Qt::LeftButton, {}, empty);
    QTest::mouseClick(&plot, Qt::LeftButton, {}, QPoint(2, 2));
    EXPECT_EQ(clicked.count(), 1);
}

TEST(HeatMapFigure, IsReadFromARequestAndDrawn) {
    const fixtures::TempFolder folder;
    const Json request = {
        {"figure", "heat-map"},
        {"metric", "relative-error"},
        {"rank", 1},
        {"out", (folder / "h.png").string()},
        {"dpi", 96},
        {"spectra", {{{"name", q0}, {"shape", {2, 2}}, {"singular_values", {4, 3}}}}}};
    const report::FigureRequest figure = report::figureRequestFromJson(request, "r");
    const report::HeatMap map = report::heatMapOf(std::get<report::HeatMapFigure>(figure.figure));
    ASSERT_EQ(map.cells.size(), 1U);
    EXPECT_DOUBLE_EQ(map.cells[0].value, 0.6);
    renderFigure(figure);
    EXPECT_EQ(QImage(QString::fromStdString(figure.out.string())).size(), QSize(605, 378));
}

TEST(Overview, ShowsTheChosenNumberAndSelectsByClick) {
    OpenSession open;
    MainWindow window(&open.session);
    window.show();
    open.open();
    window.spectraPage()->showOverview(QString());
    uitest::settle();
    OverviewPage* panel = find<OverviewPage>(window);
    ASSERT_TRUE(panel->isVisible());
    EXPECT_FALSE(find<RankPlot>(window, "spectrumPlot")->isVisible());
    EXPECT_EQ(find<HeatMapPlot>(panel)->heatMap().cells.size(), 36U);
    find<QComboBox>(panel, "metric")
        ->setCurrentIndex(find<QComboBox>(panel, "metric")->findData("relative-error"));
    EXPECT_EQ(find<HeatMapPlot>(panel)->heatMap().high,
              0);  // no rank is chosen yet: full rank everywhere
    find<HeatMapPlot>(panel)->replot(QCustomPlot::rpImmediateRefresh);
    QTest::mouseClick(find<HeatMapPlot>(panel), Qt::LeftButton, {},
                      find<HeatMapPlot>(panel)->cellCentre(crossO));
    ASSERT_EQ(open.session.selection().size(), 1U);
    EXPECT_EQ(open.session.selection()[0].name, crossO);
    EXPECT_EQ(find<QTreeView>(window, "matrices")->selectionModel()->selectedRows().size(), 1);
    open.session.setRank(1);
    ASSERT_TRUE(uitest::waitUntil([&] { return find<HeatMapPlot>(panel)->heatMap().high > 0; }));
    // Singular values 2^-i, 24 of them: the tail behind the first is a quarter of all squares.
    EXPECT_NEAR(find<HeatMapPlot>(panel)->heatMap().high, 0.5, 1e-6);
    const auto figure =
        std::get<report::HeatMapFigure>(window.spectraPage()->figure().value().figure);
    EXPECT_EQ(report::heatMapOf(figure).high, find<HeatMapPlot>(panel)->heatMap().high);
    window.spectraPage()->showOneMatrix();
    EXPECT_FALSE(panel->isVisible());
    EXPECT_TRUE(find<RankPlot>(window, "spectrumPlot")->isVisible());
}

}  // namespace
}  // namespace rankscope::ui
