// SPDX-License-Identifier: Apache-2.0
#include "core/report/analysis_tables.h"

#include <fmt/format.h>

#include <iterator>

#include "core/report/csv.h"

namespace rankscope::report {

namespace {

std::string powerLawCells(const spectra::PowerLawFit& fit) {
    std::string cells = fit.failed
                            ? ",,,,,"
                            : fmt::format(",{:.17g},{:.17g},{:.17g},{:.17g},{}", fit.alpha,
                                          fit.standardError, fit.xMin, fit.ksDistance, fit.tail);
    if (fit.bootstrap)
        cells += fit.bootstrap->failed
                     ? ",,,"
                     : fmt::format(",{:.17g},{:.17g},{:.17g}", fit.bootstrap->deviation,
                                   fit.bootstrap->low, fit.bootstrap->high);
    return cells;
}

Json withoutBootstrap(const spectra::PowerLawFit& fit) {
    if (fit.failed)
        return {{"failed", true},   {"reason", fit.reason},   {"alpha", nullptr},
                {"x_min", nullptr}, {"ks_distance", nullptr}, {"standard_error", nullptr},
                {"tail", 0},        {"scan", nullptr}};
    Json xMin = Json::array(), alpha = Json::array(), distance = Json::array(),
         tail = Json::array();
    for (const spectra::PowerLawCandidate& candidate : fit.scan) {
        xMin.push_back(candidate.xMin);
        alpha.push_back(candidate.alpha);
        distance.push_back(candidate.ksDistance);
        tail.push_back(candidate.tail);
    }
    return {{"failed", false},
            {"reason", ""},
            {"alpha", fit.alpha},
            {"standard_error", fit.standardError},
            {"x_min", fit.xMin},
            {"ks_distance", fit.ksDistance},
            {"tail", fit.tail},
            {"scan",
             {{"x_min", std::move(xMin)},
              {"alpha", std::move(alpha)},
              {"ks_distance", std::move(distance)},
              {"tail", std::move(tail)}}}};
}

}  // namespace

Json toJson(const spectra::AlphaBootstrap& bootstrap) {
    const auto number = [&](double value) { return bootstrap.failed ? Json() : Json(value); };
    return {{"resamples", bootstrap.resamples},
            {"seed", bootstrap.seed},
            {"fitted", bootstrap.fitted},
            {"failed", bootstrap.failed},
            {"standard_deviation", number(bootstrap.deviation)},
            {"low", number(bootstrap.low)},
            {"high", number(bootstrap.high)}};
}

spectra::AlphaBootstrap alphaBootstrapFromJson(const JsonReader& reader) {
    spectra::AlphaBootstrap bootstrap;
    bootstrap.resamples = static_cast<int>(reader.at("resamples").whole());
    bootstrap.seed = reader.at("seed").natural();
    bootstrap.fitted = static_cast<int>(reader.at("fitted").whole());
    bootstrap.failed = reader.at("failed").flag();
    if (bootstrap.failed) return bootstrap;
    bootstrap.deviation = reader.at("standard_deviation").real();
    bootstrap.low = reader.at("low").real();
    bootstrap.high = reader.at("high").real();
    return bootstrap;
}

Json toJson(const spectra::PowerLawFit& fit) {
    Json json = withoutBootstrap(fit);
    if (fit.bootstrap) json["bootstrap"] = toJson(*fit.bootstrap);
    return json;
}

Json toJson(const spectra::NullSpectrum& null) {
    return {{"repeats", null.repeats},
            {"seed", null.seed},
            {"mean", null.mean},
            {"low", null.low},
            {"high", null.high},
            {"largest", null.largest},
            {"above", null.above},
            {"above_largest", null.aboveLargest},
            {"jensen_shannon_distance", null.jensenShannonDistance}};
}

spectra::NullSpectrum nullFromJson(const JsonReader& reader) {
    spectra::NullSpectrum null;
    null.repeats = static_cast<int>(reader.at("repeats").whole());
    null.seed = reader.at("seed").natural();
    null.mean = reader.at("mean").reals();
    null.low = reader.at("low").reals();
    null.high = reader.at("high").reals();
    null.largest = reader.at("largest").real();
    null.above = reader.at("above").whole();
    null.aboveLargest = reader.at("above_largest").whole();
    null.jensenShannonDistance = reader.at("jensen_shannon_distance").real();
    if (null.low.size() != null.mean.size() || null.high.size() != null.mean.size())
        reader.fail("needs one number per singular value in each of mean, low and high");
    return null;
}

void addAnalysis(Json& spectrum, const SpectrumAnalysis& analysis) {
    if (analysis.powerLaw) spectrum["power_law"] = toJson(*analysis.powerLaw);
    if (analysis.null) spectrum["null"] = toJson(*analysis.null);
}

std::string spectraCsv(std::span<const spectra::Spectrum> spectra,
                       std::span<const SpectrumAnalysis> analyses) {
    const bool nulls = !analyses.empty() && analyses.front().null;
    const bool fits = !analyses.empty() && analyses.front().powerLaw;
    std::string text = "name,index,singular_value,energy,relative_error";
    if (nulls) text += ",null_mean,null_low,null_high";
    if (fits)
        text +=
            ",power_law_alpha,power_law_standard_error,power_law_x_min,power_law_ks_distance,"
            "power_law_tail";
    if (fits && analyses.front().powerLaw->bootstrap)
        text += ",power_law_bootstrap_deviation,power_law_bootstrap_low,power_law_bootstrap_high";
    text += "\r\n";
    for (std::size_t place = 0; place < spectra.size(); ++place) {
        const spectra::Spectrum& spectrum = spectra[place];
        const std::string name = csvCell(spectrum.name());
        const std::string fit = fits ? powerLawCells(*analyses[place].powerLaw) : "";
        for (std::int64_t rank = 1; rank <= spectrum.size(); ++rank) {
            const auto i = static_cast<std::size_t>(rank - 1);
            fmt::format_to(std::back_inserter(text), "{},{},{:.17g},{:.17g},{:.17g}", name, rank,
                           spectrum.singularValues()[i], spectrum.energy(rank),
                           spectrum.relativeError(rank));
            if (nulls) {
                const spectra::NullSpectrum& null = *analyses[place].null;
                fmt::format_to(std::back_inserter(text), ",{:.17g},{:.17g},{:.17g}", null.mean[i],
                               null.low[i], null.high[i]);
            }
            text += fit;
            text += "\r\n";
        }
    }
    return text;
}

}  // namespace rankscope::report
