// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/spectra/spectrum.h"

namespace rankscope::spectra {

struct NullOptions {
    int repeats = 20;  ///< 1 or more
    std::uint64_t seed = 0;
};

/// Singular values of matrices with the same entries in random places: the spectrum without any
/// structure. Vectors have one number per singular value, [min(rows, columns)].
struct NullSpectrum {
    int repeats = 0;
    std::uint64_t seed = 0;
    std::vector<double> mean;
    std::vector<double> low, high;     ///< 2.5 % and 97.5 % quantiles over the repeats: the band
    double largest = 0;                ///< the largest singular value of all repeats
    std::int64_t above = 0;            ///< leading s_1, s_2 … each above its own band
    std::int64_t aboveLargest = 0;     ///< singular values above `largest`
    double jensenShannonDistance = 0;  ///< between the two histograms, 0 (equal) to 1
};

/// Permutes the entries of `weight` `repeats` times and takes the singular values of each. The
/// permutations depend only on the seed, the matrix's name and the repeat. `above` is Horn's
/// parallel analysis (Psychometrika 30, 1965) with the upper end of the band in place of the mean.
/// `spectrum` is that of `weight`. Values must be finite. Throws Error of kind Interrupted on a
/// stop.
NullSpectrum permutationNull(const MatrixView& weight, const Spectrum& spectrum,
                             const NullOptions& options, const backend::Compute& compute,
                             const Progress& progress);

/// Jensen-Shannon distance √(½ KL(P‖M) + ½ KL(Q‖M)), M = (P + Q) / 2, logarithms to base 2, of the
/// shares of `a` and `b` in ⌈√|a|⌉ equal bins from 0 to the largest value of both.
double jensenShannonDistance(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace rankscope::spectra
