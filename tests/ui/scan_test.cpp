// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QTest>
#include <string>

#include "ui/pages/scan_panel.h"

namespace rankscope::ui {
namespace {

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";

/// Eigenvalues k^-2, k = 1 … 60, so singular values 1 / k.
spectra::Spectrum decaying() {
    std::vector<double> values;
    for (int k = 1; k <= 60; ++k) {
        values.push_back(1.0 / k);
    }
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
    EXPECT_EQ(panel.plot()->graph(1)->data()->begin()->key, fit.xMin);
    EXPECT_EQ(panel.plot()->graph(1)->data()->begin()->value, fit.ksDistance);
    EXPECT_TRUE(panel.note()->text().contains("(kept: the least distance)"));
    QTest::keyClick(panel.plot(), Qt::Key_Home);
    EXPECT_TRUE(panel.note()->text().contains("60 eigenvalues in the tail"));
    QTest::keyClick(panel.plot(), Qt::Key_End);
    EXPECT_TRUE(panel.note()->text().contains("10 eigenvalues in the tail"));
    QTest::mouseMove(panel.plot(),
                     QPoint(static_cast<int>(panel.plot()->xAxis->coordToPixel(1.0 / 900)), 60));
    EXPECT_TRUE(panel.note()->text().contains("30 eigenvalues in the tail"));
}

TEST(ScanPanel, SaysWhyNoLawWasFitted) {
    ScanPanel panel;
    panel.show();
    const spectra::Spectrum few(q0, 4, 3, {4, 2, 1});
    panel.setSpectrum(&few);
    EXPECT_FALSE(panel.plot()->isVisible());
    EXPECT_TRUE(panel.note()->text().contains("No power law was fitted. There are too few values"));
    const auto spectrum = decaying();
    panel.setSpectrum(&spectrum);
    EXPECT_TRUE(panel.plot()->isVisible());
    panel.setSpectrum(nullptr);
    EXPECT_TRUE(panel.note()->text().contains("once the spectrum is computed"));
}

}  // namespace
}  // namespace rankscope::ui
