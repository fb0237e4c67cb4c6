// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/spectra/metrics.h"
#include "core/spectra/spectrum.h"

namespace rankscope::report {

/// A number that a heat map can show of each matrix.
struct HeatMetric {
    std::string_view name;   ///< on the command line, e.g. "effective-rank"
    std::string_view label;  ///< e.g. "effective rank"
    bool isRank;             ///< counts singular values: 0 to min(rows, columns)
    /// NaN if the matrix has none (a power law that could not be fitted). `rank` is the rank of
    /// "relative-error", not used by others.
    double (*value)(const spectra::Spectrum& spectrum, std::int64_t rank);
};

/// All metrics; docs/methods/spectra.md has their formulas.
std::span<const HeatMetric> heatMetrics();
/// Throws a usage Error listing the names if there is none of that name.
const HeatMetric& findHeatMetric(std::string_view name);

struct HeatCell {
    std::string matrix;  ///< tensor name
    std::size_t row = 0, column = 0;
    double value = 0;  ///< may be NaN
};

/// One number a matrix, by layer and role. Embeddings and the head are in no layer and left out.
struct HeatMap {
    std::string title;                 ///< what the colours mean, e.g. "effective rank (of 768)"
    std::vector<std::string> rows;     ///< layers from the input on: "encoder 0" … "decoder 11"
    std::vector<std::string> columns;  ///< "self q" … "cross o", "FF wi_0" …, those that occur
    std::vector<HeatCell> cells;       ///< in the order of `spectra`
    bool isRank = false;
    double low = 0, high = 1;  ///< least and greatest finite value; 0 and 1 if there is none
};

/// The number of a matrix: metric.value() at some rank, or one kept from before (power laws of a
/// whole model take seconds).
using ValueOf = std::function<double(const spectra::Spectrum&)>;

HeatMap makeHeatMap(const HeatMetric& metric, std::span<const spectra::Spectrum* const> spectra,
                    const ValueOf& valueOf);

/// "60.4", "0.0123", "31": as it stands in a cell; "–" for NaN.
std::string heatCellText(const HeatMap& map, double value);

}  // namespace rankscope::report
