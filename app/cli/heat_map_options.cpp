// SPDX-License-Identifier: Apache-2.0
#include "app/cli/heat_map_options.h"

#include <algorithm>
#include <utility>

#include "app/cli/command_line.h"
#include "core/base/error.h"
#include "core/report/heat_map.h"

namespace rankscope::cli {

namespace {

constexpr const char* errorMetric = "relative-error";

Option heatMapOption() {
    Option option = {"heat-map",
                     "Heat map",
                     "Draw this number of every matrix by layer and role into the figure of --out",
                     "",
                     {},
                     {},
                     "",
                     {}};
    for (const report::HeatMetric& metric : report::heatMetrics())
        option.choices.push_back(metric.name);
    return option;
}

const Option rankOption = {"rank", "Rank", "The rank of --heat-map relative-error", "", 1, 1e9,
                           "",     {}};

}  // namespace

void HeatMapOptions::addTo(CLI::App& app) {
    const char* group = "Looking deeper";
    addOption(app, heatMapOption(), metric)->group(group);
    addOption(app, rankOption, rank)->group(group);
}

void HeatMapOptions::requireFigure(bool figure) const {
    if (wanted() && !figure)
        throw usageError("--heat-map draws a figure: name one with --out (.png, .pdf or .svg).");
}

void HeatMapOptions::check() const {
    if (metric == errorMetric && rank == 0)
        throw usageError(
            "--heat-map relative-error needs the rank at which it is taken: --rank N.");
    if (metric != errorMetric && rank != 0)
        throw usageError("--rank belongs to --heat-map relative-error.");
}

report::FigureRequest HeatMapOptions::figure(const std::string& label, std::int64_t layers,
                                             const std::vector<spectra::Spectrum>& spectra) const {
    report::HeatMapFigure figure{.metric = metric, .spectra = spectra};
    report::FigureRequest request{.title = label};
    request.size.widthMm = 180;
    request.size.heightMm = std::clamp(30.0 + 6.0 * static_cast<double>(layers), 80.0, 600.0);
    if (rank != 0) {
        figure.rank = rank;
        request.title += ", rank " + std::to_string(rank);
    }
    request.figure = std::move(figure);
    return request;
}

}  // namespace rankscope::cli
