// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/selection_figures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rankscope::ui {
namespace {

TEST(SelectionFigures, AreTheWorstAndTheMeanEachMatrixCutAtItsOwnRank) {
    // Cut at 2: of 3, 4, 0 all is kept; of 2, 2, 2, 2 half of the squares.
    const spectra::Spectrum whole("a", 3, 3, {4, 3, 0});
    const spectra::Spectrum half("b", 4, 4, {2, 2, 2, 2});
    const SelectionFigures figures = selectionFigures({&whole, &half}, 2);
    EXPECT_EQ(figures.matrices, 2U);
    EXPECT_NEAR(figures.energy.worst, 50, 1e-12);
    EXPECT_NEAR(figures.energy.mean, 75, 1e-12);
    EXPECT_NEAR(figures.error.worst, std::sqrt(0.5), 1e-12);
    EXPECT_NEAR(figures.error.mean, std::sqrt(0.5) / 2, 1e-12);
    EXPECT_NEAR(figures.cosine.worst, std::sqrt(0.5), 1e-12);
    EXPECT_NEAR(figures.cosine.mean, (1 + std::sqrt(0.5)) / 2, 1e-12);
    const SelectionFigures beyond = selectionFigures({&whole, &half}, 100);  // full ranks
    EXPECT_NEAR(beyond.energy.worst, 100, 1e-12);
    EXPECT_EQ(selectionFigures({}, 2).matrices, 0U);
}

TEST(SelectionFigures, BreakEvenIsARange) {
    checkpoint::WeightMatrix square;
    square.rows = square.columns = 8;  // 64 / 16
    checkpoint::WeightMatrix tall;
    tall.rows = 30;
    tall.columns = 6;  // 180 / 36
    const std::vector both{square, tall};
    EXPECT_EQ(breakEvenRange(both).low, 4);
    EXPECT_EQ(breakEvenRange(both).high, 5);
    EXPECT_EQ(breakEvenRange({}).high, 0);
}

}  // namespace
}  // namespace rankscope::ui
