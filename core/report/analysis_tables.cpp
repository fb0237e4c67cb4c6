// SPDX-License-Identifier: Apache-2.0
#include "core/report/analysis_tables.h"

#include <fmt/format.h>

#include <vector>

#include "core/report/table_text.h"

namespace rankscope::report {

namespace {

/// A singular value with what was asked for beside its spectrum.
struct SpectrumRow {
    const spectra::Spectrum* spectrum;
    std::int64_t rank;
    const SpectrumAnalysis* analysis;

    std::size_t place() const { return static_cast<std::size_t>(rank - 1); }
};

using SpectrumColumn = Column<SpectrumRow>;

template <std::vector<double> spectra::NullSpectrum::*values>
Value ofNull(const SpectrumRow& row) {
    return ((*row.analysis->null).*values)[row.place()];
}

template <auto figure>
Value ofFit(const SpectrumRow& row) {
    const spectra::PowerLawFit& fit = *row.analysis->powerLaw;
    return fit.failed ? Value() : Value(fit.*figure);
}

template <double spectra::AlphaBootstrap::*figure>
Value ofBootstrap(const SpectrumRow& row) {
    const spectra::AlphaBootstrap& bootstrap = *row.analysis->powerLaw->bootstrap;
    return bootstrap.failed ? Value() : Value(bootstrap.*figure);
}

std::vector<SpectrumColumn> spectrumColumns() {
    return {
        fileColumn<SpectrumRow>("name",
                                [](const SpectrumRow& row) { return Value(row.spectrum->name()); }),
        fileColumn<SpectrumRow>("index", [](const SpectrumRow& row) { return Value(row.rank); }),
        fileColumn<SpectrumRow>("singular_value",
                                [](const SpectrumRow& row) {
                                    return Value(row.spectrum->singularValues()[row.place()]);
                                }),
        fileColumn<SpectrumRow>(
            "energy", [](const SpectrumRow& row) { return Value(row.spectrum->energy(row.rank)); }),
        fileColumn<SpectrumRow>("relative_error", [](const SpectrumRow& row) {
            return Value(row.spectrum->relativeError(row.rank));
        })};
}

std::vector<SpectrumColumn> nullColumns() {
    return {fileColumn<SpectrumRow>("null_mean", ofNull<&spectra::NullSpectrum::mean>),
            fileColumn<SpectrumRow>("null_low", ofNull<&spectra::NullSpectrum::low>),
            fileColumn<SpectrumRow>("null_high", ofNull<&spectra::NullSpectrum::high>)};
}

std::vector<SpectrumColumn> fitColumns() {
    using Fit = spectra::PowerLawFit;
    return {fileColumn<SpectrumRow>("power_law_alpha", ofFit<&Fit::alpha>),
            fileColumn<SpectrumRow>("power_law_standard_error", ofFit<&Fit::standardError>),
            fileColumn<SpectrumRow>("power_law_x_min", ofFit<&Fit::xMin>),
            fileColumn<SpectrumRow>("power_law_ks_distance", ofFit<&Fit::ksDistance>),
            fileColumn<SpectrumRow>("power_law_tail", ofFit<&Fit::tail>)};
}

std::vector<SpectrumColumn> bootstrapColumns() {
    using Bootstrap = spectra::AlphaBootstrap;
    return {fileColumn<SpectrumRow>("power_law_bootstrap_deviation",
                                    ofBootstrap<&Bootstrap::deviation>),
            fileColumn<SpectrumRow>("power_law_bootstrap_low", ofBootstrap<&Bootstrap::low>),
            fileColumn<SpectrumRow>("power_law_bootstrap_high", ofBootstrap<&Bootstrap::high>)};
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
    std::vector<SpectrumColumn> columns = spectrumColumns();
    const auto add = [&columns](const std::vector<SpectrumColumn>& more) {
        columns.insert(columns.end(), more.begin(), more.end());
    };
    const SpectrumAnalysis asked = analyses.empty() ? SpectrumAnalysis() : analyses.front();
    if (asked.null) add(nullColumns());
    if (asked.powerLaw) add(fitColumns());
    if (asked.powerLaw && asked.powerLaw->bootstrap) add(bootstrapColumns());
    std::vector<SpectrumRow> rows;
    for (std::size_t i = 0; i < spectra.size(); ++i)
        for (std::int64_t rank = 1; rank <= spectra[i].size(); ++rank)
            rows.push_back({&spectra[i], rank, analyses.empty() ? nullptr : &analyses[i]});
    return toCsv(columns, rows, Digits::Seventeen);
}

}  // namespace rankscope::report
