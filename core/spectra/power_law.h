// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/spectra/spectrum.h"

namespace rankscope::spectra {

/// What one choice of x_min gives: the tail are the values >= xMin.
struct PowerLawCandidate {
    double xMin = 0;
    double alpha = 0;       ///< 1 + k / Σ ln(x_i / x_min) over the k values of the tail
    double ksDistance = 0;  ///< max |P(x) - S(x)|, S(x) the tail's share below x
    std::int64_t tail = 0;  ///< k
};

/// The density p(x) ~ x^-alpha fitted to the values x >= x_min.
struct PowerLawFit {
    bool failed = true;        ///< then `reason` says why, and the numbers below are 0
    std::string reason;        ///< a sentence; empty where the fit did not fail
    double alpha = 0;          ///< that of the x_min with the least Kolmogorov-Smirnov distance
    double standardError = 0;  ///< (alpha - 1) / √k
    double xMin = 0;
    double ksDistance = 0;
    std::int64_t tail = 0;                ///< k
    std::vector<PowerLawCandidate> scan;  ///< every x_min tried, ascending
};

/// Tails below this many values are not tried: their least distance is chance.
inline constexpr std::int64_t smallestPowerLawTail = 10;

/// Fits a power law to the positive values (any order) by maximum likelihood, once for each
/// distinct value as x_min that leaves at least `smallestTail` values (2 or more), and keeps the
/// x_min with the least distance, the smallest of equals (Clauset, Shalizi and Newman,
/// arXiv:0706.1062, sections 3.1 and 3.3; the distance as their plfit computes it).
/// Never throws: a fit that cannot be made says so in `failed` and `reason`.
PowerLawFit fitPowerLaw(std::span<const double> values,
                        std::int64_t smallestTail = smallestPowerLawTail);

/// The fit to the eigenvalues s² of WᵀW, those beyond the numerical rank left out as rounding.
PowerLawFit fitPowerLaw(const Spectrum& spectrum);

}  // namespace rankscope::spectra
