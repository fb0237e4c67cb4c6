// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/checkpoint/weight_matrix.h"
#include "core/spectra/spectrum.h"

namespace rankscope::ui {

/// One number of several matrices.
struct WorstAndMean {
    double worst = 0;
    double mean = 0;
};

/// Several matrices cut at one rank, each at its own full rank if that is smaller, by svd.
struct SelectionFigures {
    std::size_t matrices = 0;  ///< the numbers are of so many; they mean nothing if 0
    WorstAndMean energy;       ///< kept, in percent; the worst is the smallest
    WorstAndMean error;        ///< ‖W − Wᵣ‖ / ‖W‖; the worst is the largest
    WorstAndMean cosine;       ///< √ of the kept energy; the worst is the smallest
};
SelectionFigures selectionFigures(const std::vector<const spectra::Spectrum*>& spectra,
                                  std::int64_t rank);

/// The smallest and the largest break-even rank; 0 and 0 of no matrix.
struct BreakEvenRange {
    std::int64_t low = 0;
    std::int64_t high = 0;
};
BreakEvenRange breakEvenRange(std::span<const checkpoint::WeightMatrix> matrices);

}  // namespace rankscope::ui
