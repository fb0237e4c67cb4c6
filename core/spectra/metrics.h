// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "core/spectra/spectrum.h"

namespace rankscope::spectra {

/// Scalar summaries of a spectrum; formulas and sources in docs/methods/spectra.md.
struct SpectrumMetrics {
    double frobeniusNorm = 0;        ///< sqrt(Σ s²)
    double spectralNorm = 0;         ///< s_1
    double nuclearNorm = 0;          ///< Σ s
    double stableRank = 0;           ///< Σ s² / s_1²
    double effectiveRank = 0;        ///< exp(-Σ p ln p), p = s / Σ s (Roy and Vetterli 2007)
    double participationRatio = 0;   ///< (Σ s²)² / Σ s⁴
    std::int64_t numericalRank = 0;  ///< #{s > s_1 · max(m, n) · eps64}
    std::map<std::string, std::int64_t> energyRanks;  ///< "0.9", "0.95", "0.99" -> smallest rank
    double marchenkoPasturSigma = 0;  ///< noise level per entry, from the median singular value
    double marchenkoPasturLower = 0;  ///< σ |√m - √n|
    double marchenkoPasturUpper = 0;  ///< σ (√m + √n)
    std::int64_t aboveMarchenkoPastur = 0;  ///< singular values above the upper edge
    double gavishDonohoThreshold = 0;       ///< ω(β) · median(s), arXiv:1305.5870
    std::int64_t gavishDonohoRank = 0;      ///< singular values above that threshold
};

/// exp(-Σ p ln p), p = s / Σ s, of descending values (Roy and Vetterli 2007); 0 if all are 0.
double effectiveRank(std::span<const double> values);

SpectrumMetrics computeMetrics(const Spectrum& spectrum);

/// λ*(β) for known noise, ω(β) = λ*(β)/√μ_β for unknown noise, and the median μ_β of the
/// Marchenko-Pastur distribution with aspect ratio β in (0, 1] (arXiv:1305.5870, eq. 11 and 13).
double gavishDonohoLambda(double beta);
double gavishDonohoOmega(double beta);
double marchenkoPasturMedian(double beta);

}  // namespace rankscope::spectra
