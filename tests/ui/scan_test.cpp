// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QTest>
#include <string>

#include "tests/fixtures/tiny_t5.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/pages/spectra/scan_panel.h"
#include "ui/session/alpha_bootstraps.h"

namespace rankscope::ui {
namespace {

using uitest::find;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";

/// Eigenvalues k^-2, k = 1 … 60, so singular values 1 / k.
spectra::Spectrum decaying() {
    std::vector<double> values;
    for (int k = 1; k <= 60; ++k) values.push_back(1.0 / k);
    return {q0, 60, 60, values};
}

TEST(ScanPanel, ShowsEveryXMinTriedAndMarksTheKeptOne) {
    ScanPanel panel;
    panel.resize(600, 240);
    panel.show();
    const auto spectrum = decaying();
    panel.setSpectrum(&spectrum);
    const auto fit = spectra::fitPowerLaw(spectrum);
    const PlotData data = scanData(fit);
    ASSERT_EQ(data.curves.size(), 1U);
    EXPECT_EQ(data.curves[0].x.size(), 51U);  // tails of 10 to 60 values
    EXPECT_EQ(find<ScanPlot>(panel)->graph(1)->data()->begin()->key, fit.xMin);
    EXPECT_EQ(find<ScanPlot>(panel)->graph(1)->data()->begin()->value, fit.ksDistance);
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("(kept: the least distance)"));
    QTest::keyClick(find<ScanPlot>(panel), Qt::Key_Home);
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("60 eigenvalues in the tail"));
    QTest::keyClick(find<ScanPlot>(panel), Qt::Key_End);
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("10 eigenvalues in the tail"));
    QTest::mouseMove(
        find<ScanPlot>(panel),
        QPoint(static_cast<int>(find<ScanPlot>(panel)->xAxis->coordToPixel(1.0 / 900)), 60));
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("30 eigenvalues in the tail"));
}

TEST(ScanPanel, SaysHowSureAlphaIs) {
    ScanPanel panel;
    panel.show();
    EXPECT_FALSE(find<QPushButton>(panel, "bootstrap")->isVisible());
    const auto spectrum = decaying();
    panel.setSpectrum(&spectrum);
    EXPECT_TRUE(find<QPushButton>(panel, "bootstrap")->isVisible());
    EXPECT_TRUE(find<QLabel>(panel, "alpha")->text().contains("x_min taken as given"));
    EXPECT_FALSE(find<QLabel>(panel, "alpha")->text().contains("bootstrap"));
    spectra::AlphaBootstrap bootstrap{200, 0, 198, false, 0.25, 1.5, 2.75};
    panel.setBootstrap(&bootstrap, true);
    EXPECT_FALSE(find<QPushButton>(panel, "bootstrap")->isEnabled());
    EXPECT_TRUE(find<QLabel>(panel, "alpha")
                    ->text()
                    .contains("bootstrap, 200 resamples, x_min sought anew: ± 0.25, 95 % of them "
                              "from 1.50 to 2.75"));
    bootstrap = {200, 0, 3, true};
    panel.setBootstrap(&bootstrap, false);
    EXPECT_TRUE(find<QPushButton>(panel, "bootstrap")->isEnabled());
    EXPECT_TRUE(
        find<QLabel>(panel, "alpha")->text().contains("only 3 of 200 resamples could be fitted"));
    const spectra::Spectrum few(q0, 4, 3, {4, 2, 1});
    panel.setSpectrum(&few);
    EXPECT_FALSE(find<QPushButton>(panel, "bootstrap")->isVisible());
}

TEST(AlphaBootstraps, AskAChildForTheMatrixAndForgetWithTheCheckpoint) {
    uitest::OpenSession open;
    const auto seen = (open.folder / "seen").string();
    open.session.setProgram(uitest::fakeProgram(
        open.folder,
        "echo \"$@\" > '" + seen +
            "'\n"
            R"(echo '{"event":"done","result":{"spectra":[{"name":")" +
            q0 +
            R"(","power_law":{"bootstrap":{"resamples":200,"seed":0,"fitted":200,"failed":false,)"
            R"("standard_deviation":0.5,"low":2,"high":4}}}]}}')"));
    AlphaBootstraps bootstraps(&open.session);
    open.open();
    bootstraps.request({q0});
    EXPECT_TRUE(bootstraps.job()->isRunning());
    ASSERT_TRUE(uitest::waitUntil([&] { return !bootstraps.job()->isRunning(); }));
    ASSERT_NE(bootstraps.of(q0), nullptr);
    EXPECT_EQ(bootstraps.of(q0)->deviation, 0.5);
    EXPECT_THAT(fixtures::readFile(seen),
                ::testing::HasSubstr("--targets " + q0 + " --power-law --alpha-bootstrap 200"));
    open.open();
    EXPECT_EQ(bootstraps.of(q0), nullptr);
}

TEST(ScanPanel, SaysWhyNoLawWasFitted) {
    ScanPanel panel;
    panel.show();
    const spectra::Spectrum few(q0, 4, 3, {4, 2, 1});
    panel.setSpectrum(&few);
    EXPECT_FALSE(find<ScanPlot>(panel)->isVisible());
    EXPECT_TRUE(find<QLabel>(panel, "note")
                    ->text()
                    .contains("No power law was fitted. There are too few values"));
    const auto spectrum = decaying();
    panel.setSpectrum(&spectrum);
    EXPECT_TRUE(find<ScanPlot>(panel)->isVisible());
    panel.setSpectrum(nullptr);
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("once the spectrum is computed"));
}

}  // namespace
}  // namespace rankscope::ui
