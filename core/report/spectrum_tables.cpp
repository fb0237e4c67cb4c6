// SPDX-License-Identifier: Apache-2.0
#include "core/report/spectrum_tables.h"

#include <fmt/format.h>

#include <utility>

#include "core/report/analysis_tables.h"
#include "core/report/table_text.h"
#include "core/spectra/metrics.h"

namespace rankscope::report {

Curve makeCurve(const spectra::Spectrum& spectrum, std::span<const std::int64_t> ranks) {
    Curve curve;
    curve.name = spectrum.name();
    for (std::int64_t rank : ranks) {
        if (rank < 0 || rank > spectrum.size()) continue;
        curve.ranks.push_back(rank);
        curve.frobeniusError.push_back(spectrum.error(rank));
        curve.relativeError.push_back(spectrum.relativeError(rank));
        curve.energy.push_back(spectrum.energy(rank));
    }
    return curve;
}

Json toJson(const spectra::Spectrum& spectrum) {
    const spectra::SpectrumMetrics metrics = spectra::computeMetrics(spectrum);
    Json energyRanks = Json::object();
    for (const auto& [energy, rank] : metrics.energyRanks) energyRanks[energy] = rank;
    return {{"name", spectrum.name()},
            {"shape", {spectrum.rows(), spectrum.columns()}},
            {"singular_values", spectrum.singularValues()},
            {"frobenius_norm", metrics.frobeniusNorm},
            {"spectral_norm", metrics.spectralNorm},
            {"nuclear_norm", metrics.nuclearNorm},
            {"stable_rank", metrics.stableRank},
            {"effective_rank", metrics.effectiveRank},
            {"participation_ratio", metrics.participationRatio},
            {"numerical_rank", metrics.numericalRank},
            {"energy_ranks", std::move(energyRanks)},
            {"marchenko_pastur",
             {{"sigma", metrics.marchenkoPasturSigma},
              {"lower", metrics.marchenkoPasturLower},
              {"upper", metrics.marchenkoPasturUpper},
              {"above", metrics.aboveMarchenkoPastur}}},
            {"gavish_donoho",
             {{"threshold", metrics.gavishDonohoThreshold}, {"rank", metrics.gavishDonohoRank}}},
            {"direct", spectrum.direct()}};
}

Json toJson(const Curve& curve) {
    return {{"name", curve.name},
            {"ranks", curve.ranks},
            {"frobenius_error", curve.frobeniusError},
            {"relative_error", curve.relativeError},
            {"energy", curve.energy}};
}

spectra::Spectrum spectrumFromJson(const JsonReader& reader) {
    const auto shape = reader.at("shape").elements(2);
    const auto direct = reader.find("direct");
    return {reader.at("name").text(), shape[0].whole(), shape[1].whole(),
            reader.at("singular_values").reals(), direct && direct->flag()};
}

std::string spectraCsv(std::span<const spectra::Spectrum> spectra) {
    return spectraCsv(spectra, {});
}

std::string curvesCsv(std::span<const Curve> curves) {
    struct Point {
        const Curve* curve;
        std::size_t place;
    };
    const std::vector<Column<Point>> columns = {
        fileColumn<Point>("name", [](const Point& at) { return Value(at.curve->name); }),
        fileColumn<Point>("rank", [](const Point& at) { return Value(at.curve->ranks[at.place]); }),
        fileColumn<Point>(
            "frobenius_error",
            [](const Point& at) { return Value(at.curve->frobeniusError[at.place]); }),
        fileColumn<Point>("relative_error",
                          [](const Point& at) { return Value(at.curve->relativeError[at.place]); }),
        fileColumn<Point>("energy",
                          [](const Point& at) { return Value(at.curve->energy[at.place]); })};
    std::vector<Point> points;
    for (const Curve& curve : curves)
        for (std::size_t place = 0; place < curve.ranks.size(); ++place)
            points.push_back({&curve, place});
    return toCsv(columns, points, Digits::Seventeen);
}

}  // namespace rankscope::report
