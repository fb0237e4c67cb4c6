// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "core/report/figure.h"

namespace rankscope::cli {

/// --heat-map METRIC and its --rank N.
struct HeatMapOptions {
    std::string metric;     ///< empty: none
    std::int64_t rank = 0;  ///< 0: not given

    void addTo(CLI::App& app);
    bool wanted() const { return !metric.empty(); }
    /// Throws a usage Error if a rank is missing or given in vain.
    void check() const;
    /// Throws a usage Error if a heat map is wanted and --out is no figure.
    void requireFigure(bool figure) const;
    /// The figure's title names the checkpoint; what the colours mean stands beside them. As high
    /// as `layers` rows need.
    report::FigureRequest figure(const std::string& label, std::int64_t layers) const;
};

}  // namespace rankscope::cli
