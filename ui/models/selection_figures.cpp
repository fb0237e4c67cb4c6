// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/selection_figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/checkpoint/parameter_count.h"

namespace rankscope::ui {

namespace {

double meanOf(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

SelectionFigures selectionFigures(const std::vector<const spectra::Spectrum*>& spectra,
                                  std::int64_t rank) {
    if (spectra.empty()) return {};
    std::vector<double> energies;
    std::vector<double> errors;
    std::vector<double> cosines;
    for (const auto* spectrum : spectra) {
        const auto own = std::min(rank, spectrum->size());
        energies.push_back(100 * spectrum->energy(own));
        errors.push_back(spectrum->relativeError(own));
        cosines.push_back(std::sqrt(spectrum->energy(own)));
    }
    return {spectra.size(),
            {std::ranges::min(energies), meanOf(energies)},
            {std::ranges::max(errors), meanOf(errors)},
            {std::ranges::min(cosines), meanOf(cosines)}};
}

BreakEvenRange breakEvenRange(std::span<const checkpoint::WeightMatrix> matrices) {
    BreakEvenRange range;
    for (const auto& matrix : matrices) {
        const auto own = checkpoint::breakEvenRank(matrix.rows, matrix.columns);
        range.low = range.low == 0 ? own : std::min(range.low, own);
        range.high = std::max(range.high, own);
    }
    return range;
}

}  // namespace rankscope::ui
