// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "core/report/figure_request.h"
#include "core/spectra/spectrum.h"

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
    /// The figure's title is `label`, which names the checkpoint; the meaning of the colours stands
    /// beside them. As high as `layers` rows need.
    report::FigureRequest figure(const std::string& label, std::int64_t layers,
                                 const std::vector<spectra::Spectrum>& spectra) const;
};

}  // namespace rankscope::cli
