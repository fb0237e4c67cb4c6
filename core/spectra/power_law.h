// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/spectra/spectrum.h"

namespace rankscope::spectra {

/// The fit of one choice of x_min: the tail are the values >= xMin.
struct PowerLawCandidate {
    double xMin = 0;
    double alpha = 0;       ///< 1 + k / Σ ln(x_i / x_min) over the k values of the tail
    double ksDistance = 0;  ///< max |P(x) - S(x)|, S(x) the tail's share below x
    std::int64_t tail = 0;  ///< k
};

/// How much alpha would vary if other values had been drawn from the same distribution: fits to
/// resamples of all values, drawn with replacement, x_min searched again in each (Clauset, Shalizi
/// and Newman, arXiv:0706.1062, section 3.3, for x_min; Efron and Tibshirani for the interval).
struct AlphaBootstrap {
    int resamples = 0;
    std::uint64_t seed = 0;
    int fitted = 0;            ///< of the resamples; the numbers below are of these
    bool failed = true;        ///< fewer than two or than half of the resamples could be fitted
    double deviation = 0;      ///< standard deviation of alpha (n − 1); 0 if failed
    double low = 0, high = 0;  ///< 2.5 % and 97.5 % quantiles of alpha; 0 if failed
};

/// The density p(x) ~ x^-alpha fitted to the values x >= x_min.
struct PowerLawFit {
    bool failed = true;        ///< then `reason` says why, and the numbers below are 0
    std::string reason;        ///< a sentence; empty if the fit did not fail
    double alpha = 0;          ///< that of the x_min with the least Kolmogorov-Smirnov distance
    double standardError = 0;  ///< (alpha - 1) / √k
    double xMin = 0;
    double ksDistance = 0;
    std::int64_t tail = 0;                         ///< k
    std::vector<PowerLawCandidate> scan;           ///< every x_min tried, ascending
    std::optional<AlphaBootstrap> bootstrap = {};  ///< if it was asked for
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

/// The eigenvalues s² of WᵀW, descending, without those beyond the numerical rank, which are
/// rounding.
std::vector<double> fittedEigenvalues(const Spectrum& spectrum);

/// The fit to fittedEigenvalues().
PowerLawFit fitPowerLaw(const Spectrum& spectrum);

struct BootstrapHow {
    int resamples = 200;
    std::uint64_t seed = 0;
    int threads = 0;  ///< 0: all cores; changes no number
};

/// The bootstrap of fitPowerLaw(values). Resample i depends only on the seed and i.
AlphaBootstrap bootstrapAlpha(std::span<const double> values, const BootstrapHow& how,
                              const Progress& progress = {});

}  // namespace rankscope::spectra
