// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/spectrum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace rankscope::spectra {
namespace {

// s = 4, 3, 1, 0: squares 16, 9, 1, 0; their sum 26.
Spectrum byHand() { return {"w", 4, 6, {4, 3, 1, 0}}; }

TEST(Spectrum, ErrorIsTheRootOfTheTail) {
    const Spectrum spectrum = byHand();
    EXPECT_DOUBLE_EQ(spectrum.error(0), std::sqrt(26.0));
    EXPECT_DOUBLE_EQ(spectrum.error(1), std::sqrt(10.0));
    EXPECT_DOUBLE_EQ(spectrum.error(2), 1);
    EXPECT_DOUBLE_EQ(spectrum.error(3), 0);
    EXPECT_DOUBLE_EQ(spectrum.error(4), 0);
    EXPECT_DOUBLE_EQ(spectrum.frobeniusNorm(), std::sqrt(26.0));
    EXPECT_DOUBLE_EQ(spectrum.relativeError(1), std::sqrt(10.0 / 26.0));
}

TEST(Spectrum, EnergyAndErrorAreOneCurve) {
    const Spectrum spectrum = byHand();
    EXPECT_DOUBLE_EQ(spectrum.energy(1), 16.0 / 26.0);
    for (std::int64_t rank = 0; rank <= spectrum.size(); ++rank) {
        const double error = spectrum.relativeError(rank);
        EXPECT_NEAR(spectrum.energy(rank), 1 - error * error, 1e-15);
        if (rank > 0) EXPECT_LE(spectrum.error(rank), spectrum.error(rank - 1));
    }
}

TEST(Spectrum, FindsTheSmallestRank) {
    const Spectrum spectrum = byHand();
    EXPECT_EQ(spectrum.rankForEnergy(0.01), 1);
    EXPECT_EQ(spectrum.rankForEnergy(16.0 / 26.0), 1);
    EXPECT_EQ(spectrum.rankForEnergy(0.9), 2);  // 25 / 26 = 0.96
    EXPECT_EQ(spectrum.rankForEnergy(0.97), 3);
    EXPECT_EQ(spectrum.rankForEnergy(1.0), 3);
    EXPECT_EQ(spectrum.rankForError(1.0), 1);
    EXPECT_EQ(spectrum.rankForError(0.2), 2);  // 1 / sqrt(26) = 0.196
    EXPECT_EQ(spectrum.rankForError(0.19), 3);
    EXPECT_EQ(spectrum.rankForError(0), 3);
}

TEST(Spectrum, SmallTailsAreNotLostInLargeSums) {
    // 1 + 1e-20 is 1 in float64: a sum from the largest down would say the tail is 0.
    const Spectrum spectrum("w", 3, 3, {1, 1e-10, 1e-10});
    EXPECT_DOUBLE_EQ(spectrum.error(1), std::sqrt(2.0) * 1e-10);
}

TEST(Spectrum, ZeroMatrixHasNoErrorAndAllEnergy) {
    const Spectrum spectrum("w", 2, 3, {0, 0});
    EXPECT_EQ(spectrum.relativeError(0), 0);
    EXPECT_EQ(spectrum.energy(0), 1);
    EXPECT_EQ(spectrum.rankForEnergy(0.99), 1);
    EXPECT_EQ(spectrum.rankForError(0), 1);
}

TEST(Spectrum, RefusesWhatIsNoSpectrum) {
    EXPECT_THROW(Spectrum("w", 2, 3, {1}), Error);
    EXPECT_THROW(Spectrum("w", 2, 3, {1, 2}), Error);
    EXPECT_THROW(Spectrum("w", 2, 3, {1, -1}), Error);
    EXPECT_THROW(Spectrum("w", 2, 3, {std::nan(""), 0}), Error);
    EXPECT_THROW(Spectrum("w", 2, 3, {std::numeric_limits<double>::infinity(), 0}), Error);
    EXPECT_THROW(Spectrum("w", 0, 3, {}), Error);
    EXPECT_THROW(Spectrum("w", 1, 1, {1e200}), Error);
}

}  // namespace
}  // namespace rankscope::spectra
