// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QTest>
#include <cmath>
#include <variant>

#include "core/report/analysis_tables.h"
#include "core/report/figure_request.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/main_window.h"
#include "ui/plots/figure_renderer.h"
#include "ui/plots/plot_drawing.h"

namespace rankscope::ui {
namespace {

using spectra::Spectrum;
using uitest::find;
using uitest::OpenSession;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";

/// s_i = 4 / √i, i = 1 … count: eigenvalues 16 / i, exactly those of a power law with alpha 2.
Spectrum lawful(std::int64_t count) {
    std::vector<double> values;
    for (std::int64_t i = 1; i <= count; ++i)
        values.push_back(4 / std::sqrt(static_cast<double>(i)));
    return {q0, count, count, values};
}

spectra::NullSpectrum bandOf(std::size_t count) {
    spectra::NullSpectrum null;
    null.repeats = 40;
    null.mean.assign(count, 1.0);
    null.low.assign(count, 0.5);
    null.high.assign(count, 1.5);
    null.largest = 1.5;
    return null;
}

PlotData plotOf(const Spectrum& spectrum, const report::OverlayChoice& choice,
                report::AxesChoice axes = {}) {
    const Spectrum* const one[] = {&spectrum};
    return spectraPlots(report::SpectraPlots::SingularValues, one, axes, choice)[0];
}

TEST(Overlays, ThePowerLawEndsAtItsXMinWithItsSlope) {
    const PlotData data = plotOf(lawful(200), {.powerLaw = true, .nullBand = false, .nulls = {}});
    ASSERT_EQ(data.overlays.size(), 1U);
    const Overlay& law = data.overlays[0];
    const std::size_t k = law.x.size();
    ASSERT_GE(k, 10U);
    EXPECT_EQ(law.x.front(), 1);
    EXPECT_EQ(law.x.back(), static_cast<double>(k));
    EXPECT_NEAR(law.low.back(), 4 / std::sqrt(static_cast<double>(k)), 1e-12);  // √x_min
    // Near the curve itself, whose law it is.
    for (std::size_t i = k / 4; i < k; ++i)
        EXPECT_NEAR(law.low[i] / data.curves[0].y[i], 1, 0.1) << i;
    EXPECT_TRUE(data.curves[0].label.contains("α = ")) << data.curves[0].label.toStdString();
    EXPECT_TRUE(plotOf(lawful(200), {}).overlays.empty());
    const Spectrum spectrum = lawful(200);
    const Spectrum* const two[] = {&spectrum, &spectrum};
    const report::OverlayChoice choice{.powerLaw = true, .nullBand = false, .nulls = {}};
    const PlotData both = spectraPlots(report::SpectraPlots::SingularValues, two, {}, choice)[0];
    ASSERT_EQ(both.overlays.size(), 2U);
    EXPECT_EQ(both.overlays[0].label, "power law");
    EXPECT_EQ(both.overlays[1].label, "");  // once in the legend
    EXPECT_TRUE(both.curves[1].label.endsWith(", α 2.0")) << both.curves[1].label.toStdString();
}

TEST(Overlays, AFitThatFailedIsSaid) {
    const PlotData data = plotOf(lawful(5), {.powerLaw = true, .nullBand = false, .nulls = {}});
    EXPECT_TRUE(data.overlays.empty());
    EXPECT_TRUE(data.curves[0].label.contains("no power law"));
    EXPECT_TRUE(data.note.contains("5 of the 10 needed")) << data.note.toStdString();
}

TEST(Overlays, TheBandIsScaledWithItsCurve) {
    const Spectrum spectrum = lawful(12);
    report::OverlayChoice choice{.powerLaw = false, .nullBand = true, .nulls = {{q0, bandOf(12)}}};
    report::AxesChoice axes;
    axes.normalise = true;  // by 4
    const PlotData data = plotOf(spectrum, choice, axes);
    ASSERT_EQ(data.overlays.size(), 1U);
    EXPECT_EQ(data.overlays[0].low, std::vector<double>(12, 0.125));
    EXPECT_EQ(data.overlays[0].high, std::vector<double>(12, 0.375));
    EXPECT_EQ(data.overlays[0].label, "95 % null band (40 ×)");
    choice.nulls = {{q0, bandOf(11)}};  // of another shape
    EXPECT_TRUE(plotOf(spectrum, choice).overlays.empty());
}

TEST(Overlays, AreLeftOutWhereCurvesAreTooMany) {
    const std::vector<Spectrum> spectra(mostNamedCurves + 1, lawful(20));
    std::vector<const Spectrum*> shown;
    for (const auto& spectrum : spectra) shown.push_back(&spectrum);
    const report::OverlayChoice choice{.powerLaw = true, .nullBand = false, .nulls = {}};
    const PlotData data = spectraPlots(report::SpectraPlots::SingularValues, shown, {}, choice)[0];
    EXPECT_TRUE(data.overlays.empty());
    EXPECT_TRUE(data.note.contains("up to 8 matrices"));
}

TEST(Overlays, AreDrawnWithALegend) {
    QCustomPlot plot;
    const report::OverlayChoice choice{
        .powerLaw = true, .nullBand = true, .nulls = {{q0, bandOf(20)}}};
    drawPlot(*plot.axisRect(), plotOf(lawful(20), choice), plot.legend, 12);
    EXPECT_EQ(plot.graphCount(), 1 + 1 + 2);  // curve, law, two edges of the band
    EXPECT_TRUE(plot.legend->visible());
    EXPECT_EQ(plot.legend->itemCount(), 3);  // the curve with its alpha, the law, the band
}

TEST(Overlays, TheWindowComputesTheBandInAChild) {
    OpenSession open;
    MainWindow window(&open.session);
    window.show();
    open.open();
    open.session.setSelection({q0}, q0);
    const auto size = static_cast<std::size_t>(open.session.spectrum(q0)->size());
    const Json result = {{"spectra", {{{"name", q0}, {"null", report::toJson(bandOf(size))}}}}};
    const Json event = {{"event", "done"}, {"result", result}};
    fixtures::writeFile(open.folder / "answer.json", event.dump() + "\n");
    open.session.setProgram(uitest::fakeProgram(
        open.folder, "echo \"$@\" > '" + (open.folder / "words").string() + "'\ncat '" +
                         (open.folder / "answer.json").string() + "'\n"));
    SpectraPage* page = window.spectraPage();
    find<QCheckBox>(page, "nullBand")->setChecked(true);
    EXPECT_TRUE(find<RankPlot>(page, "spectrumPlot")->plotData().overlays.empty());
    ASSERT_TRUE(uitest::waitUntil(
        [&] { return !find<RankPlot>(page, "spectrumPlot")->plotData().overlays.empty(); }));
    EXPECT_EQ(find<RankPlot>(page, "spectrumPlot")->plotData().overlays[0].high,
              std::vector<double>(size, 1.5));
    const std::string words = fixtures::readFile(open.folder / "words");
    EXPECT_NE(words.find("--targets " + q0 + " --null 40"), std::string::npos) << words;
    const auto figure = std::get<report::SpectraFigure>(page->figure().value().figure);
    EXPECT_TRUE(figure.overlays.nulls.contains(q0));
    find<QCheckBox>(page, "nullBand")->setChecked(false);
    EXPECT_TRUE(find<RankPlot>(page, "spectrumPlot")->plotData().overlays.empty());
}

}  // namespace
}  // namespace rankscope::ui
