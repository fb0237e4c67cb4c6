// SPDX-License-Identifier: Apache-2.0
#include "core/report/heat_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "core/base/error.h"
#include "core/checkpoint/weight_matrix.h"
#include "core/spectra/power_law.h"

namespace rankscope::report {

namespace {

using spectra::computeMetrics;
using spectra::Spectrum;

template <auto Member>
double metric(const Spectrum& spectrum, std::int64_t /*rank*/) {
    return static_cast<double>(computeMetrics(spectrum).*Member);
}

template <int Percent>
double energyRank(const Spectrum& spectrum, std::int64_t /*rank*/) {
    return static_cast<double>(spectrum.rankForEnergy(Percent / 100.0));
}

template <auto Member>
double powerLaw(const Spectrum& spectrum, std::int64_t /*rank*/) {
    const spectra::PowerLawFit fit = spectra::fitPowerLaw(spectrum);
    return fit.failed ? std::numeric_limits<double>::quiet_NaN() : fit.*Member;
}

double relativeError(const Spectrum& spectrum, std::int64_t rank) {
    return spectrum.relativeError(rank);
}

using Metrics = spectra::SpectrumMetrics;
using Fit = spectra::PowerLawFit;

constexpr HeatMetric metrics[] = {
    {"effective-rank", "effective rank", true, metric<&Metrics::effectiveRank>},
    {"stable-rank", "stable rank", true, metric<&Metrics::stableRank>},
    {"participation-ratio", "participation ratio", true, metric<&Metrics::participationRatio>},
    {"energy-rank-90", "rank that keeps 90 % of the energy", true, energyRank<90>},
    {"energy-rank-95", "rank that keeps 95 % of the energy", true, energyRank<95>},
    {"energy-rank-99", "rank that keeps 99 % of the energy", true, energyRank<99>},
    {"numerical-rank", "numerical rank", true, metric<&Metrics::numericalRank>},
    {"gavish-donoho-rank", "Gavish-Donoho rank", true, metric<&Metrics::gavishDonohoRank>},
    {"above-marchenko-pastur", "singular values above the Marchenko-Pastur edge", true,
     metric<&Metrics::aboveMarchenkoPastur>},
    {"frobenius-norm", "Frobenius norm ‖W‖", false, metric<&Metrics::frobeniusNorm>},
    {"spectral-norm", "spectral norm σ₁", false, metric<&Metrics::spectralNorm>},
    {"nuclear-norm", "nuclear norm Σσ", false, metric<&Metrics::nuclearNorm>},
    {"alpha", "power-law exponent α", false, powerLaw<&Fit::alpha>},
    {"ks-distance", "Kolmogorov-Smirnov distance of the power law", false,
     powerLaw<&Fit::ksDistance>},
    {"relative-error", "relative error ‖W − Wᵣ‖ / ‖W‖", false, relativeError},
};

/// Sorts columns as a layer is computed: self attention, cross attention, feed forward; then role.
using ColumnKey = std::pair<checkpoint::Sublayer, checkpoint::Role>;
/// Encoder before decoder, then block.
using RowKey = std::pair<checkpoint::Stack, int>;

std::string columnName(const ColumnKey& key) {
    const std::string role(checkpoint::roleName(key.second));
    switch (key.first) {
        case checkpoint::Sublayer::SelfAttention:
            return "self " + role;
        case checkpoint::Sublayer::CrossAttention:
            return "cross " + role;
        default:
            return "FF " + role;
    }
}

std::string rowName(const RowKey& key) {
    return fmt::format("{} {}", checkpoint::stackName(key.first), key.second);
}

/// Numbers the keys in their order and names them.
template <typename Key>
std::map<Key, std::size_t> placed(const std::set<Key>& keys, std::string (*name)(const Key&),
                                  std::vector<std::string>& names) {
    std::map<Key, std::size_t> places;
    for (const Key& key : keys) {
        places[key] = names.size();
        names.push_back(name(key));
    }
    return places;
}

/// "of 768", "of 512 to 768": the full ranks; empty if there are none.
std::string fullRanks(const std::vector<std::int64_t>& ranks) {
    if (ranks.empty()) return {};
    const auto [low, high] = std::minmax_element(ranks.begin(), ranks.end());
    return *low == *high ? fmt::format(" (of {})", *low)
                         : fmt::format(" (of {} to {})", *low, *high);
}

void setRange(HeatMap& map) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const HeatCell& cell : map.cells) {
        if (!std::isfinite(cell.value)) continue;
        low = std::min(low, cell.value);
        high = std::max(high, cell.value);
    }
    if (low <= high) std::tie(map.low, map.high) = std::pair(low, high);
}

}  // namespace

std::span<const HeatMetric> heatMetrics() { return metrics; }

const HeatMetric& findHeatMetric(std::string_view name) {
    std::vector<std::string_view> names;
    for (const HeatMetric& one : metrics) {
        if (one.name == name) return one;
        names.push_back(one.name);
    }
    throw usageError(fmt::format("'{}' is no metric of a heat map; choose one of {}.",
                                 printable(name), fmt::join(names, ", ")),
                     std::string(name));
}

HeatMap makeHeatMap(const HeatMetric& metric, std::span<const Spectrum* const> spectra,
                    const ValueOf& valueOf) {
    std::set<RowKey> rows;
    std::set<ColumnKey> columns;
    std::vector<std::pair<const Spectrum*, checkpoint::WeightMatrix>> shown;
    std::vector<std::int64_t> full;
    for (const Spectrum* spectrum : spectra) {
        const auto matrix = checkpoint::matrixOfTensorName(spectrum->name());
        if (!matrix || matrix->sublayer == checkpoint::Sublayer::Vocabulary) continue;
        rows.insert({matrix->stack, matrix->block});
        columns.insert({matrix->sublayer, matrix->role});
        shown.emplace_back(spectrum, *matrix);
        full.push_back(spectrum->size());
    }
    HeatMap map;
    map.isRank = metric.isRank;
    map.title = std::string(metric.label) + (metric.isRank ? fullRanks(full) : "");
    const auto rowOf = placed(rows, rowName, map.rows);
    const auto columnOf = placed(columns, columnName, map.columns);
    for (const auto& [spectrum, matrix] : shown)
        map.cells.push_back({spectrum->name(), rowOf.at({matrix.stack, matrix.block}),
                             columnOf.at({matrix.sublayer, matrix.role}), valueOf(*spectrum)});
    setRange(map);
    return map;
}

std::string heatCellText(const HeatMap& map, double value) {
    if (!std::isfinite(value)) return "–";
    if (map.isRank)
        return value == std::floor(value) ? fmt::format("{:.0f}", value)
                                          : fmt::format("{:.1f}", value);
    return fmt::format("{:#.3g}", value);
}

}  // namespace rankscope::report
