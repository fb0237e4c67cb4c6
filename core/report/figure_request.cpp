// SPDX-License-Identifier: Apache-2.0
#include "core/report/figure_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/report/analysis_tables.h"
#include "core/report/comparison_table.h"
#include "core/report/race_tables.h"
#include "core/report/spectrum_tables.h"

namespace rankscope::report {

namespace {

constexpr std::array<std::pair<std::string_view, SpectraPlots>, 4> spectraWords{{
    {"spectrum", SpectraPlots::SingularValues},
    {"error", SpectraPlots::Error},
    {"both", SpectraPlots::Both},
    {"seed", SpectraPlots::OneMatrix},
}};
constexpr const char* heatMapWord = "heat-map";
constexpr const char* methodCurvesWord = "race";
constexpr const char* paretoWord = "pareto";
constexpr const char* comparisonWord = "compare";

/// The post draws its two curves on plain axes.
AxesChoice usualAxes(SpectraPlots plots) {
    return plots == SpectraPlots::OneMatrix ? plainAxes : AxesChoice{};
}

// ---- writing: each kind of figure puts its own members into the document

void writeSpectra(Json& document, const std::vector<spectra::Spectrum>& spectra) {
    for (const spectra::Spectrum& spectrum : spectra)
        document["spectra"].push_back({{"name", spectrum.name()},
                                       {"shape", {spectrum.rows(), spectrum.columns()}},
                                       {"singular_values", spectrum.singularValues()}});
}

void writeRank(Json& document, const std::optional<std::int64_t>& rank) {
    if (rank) document["rank"] = *rank;
}

void writeAxes(Json& document, const AxesChoice& axes, const AxesChoice& usual) {
    if (axes.logRank != usual.logRank) document["log_rank"] = axes.logRank;
    if (axes.logValue != usual.logValue) document["log_value"] = axes.logValue;
    if (axes.normalise != usual.normalise) document["normalise"] = axes.normalise;
}

void writeFigure(Json& document, const SpectraFigure& figure) {
    document["figure"] =
        std::ranges::find(spectraWords, figure.plots, &decltype(spectraWords)::value_type::second)
            ->first;
    writeSpectra(document, figure.spectra);
    writeRank(document, figure.rank);
    writeAxes(document, figure.axes, usualAxes(figure.plots));
    if (figure.overlays.powerLaw) document["power_law"] = true;
    if (!figure.overlays.nullBand) return;
    for (std::size_t i = 0; i < figure.spectra.size(); ++i) {
        const auto null = figure.overlays.nulls.find(figure.spectra[i].name());
        if (null != figure.overlays.nulls.end())
            document["spectra"][i]["null"] = toJson(null->second);
    }
}

void writeFigure(Json& document, const HeatMapFigure& figure) {
    document["figure"] = heatMapWord;
    writeSpectra(document, figure.spectra);
    writeRank(document, figure.rank);
    document["metric"] = figure.metric;
}

void writeFigure(Json& document, const MethodCurvesFigure& figure) {
    document["figure"] = methodCurvesWord;
    for (const method::MethodCurve& curve : figure.curves)
        document["race"].push_back(toJson(curve));
    writeRank(document, figure.rank);
    writeAxes(document, figure.axes, plainAxes);
}

void writeFigure(Json& document, const ParetoFigure& figure) {
    document["figure"] = paretoWord;
    document["pareto"] = toJson(figure.front);
}

void writeFigure(Json& document, const ComparisonFigure& figure) {
    document["figure"] = comparisonWord;
    document["compared"] = Json::array();
    for (const spectra::MatrixComparison& matrix : figure.matrices)
        document["compared"].push_back(toJson(matrix));
    writeAxes(document, figure.axes, {});
}

// ---- reading

std::vector<JsonReader> atLeastOne(const JsonReader& list) {
    std::vector<JsonReader> elements = list.elements();
    if (elements.empty()) list.fail("is empty");
    return elements;
}

std::vector<spectra::Spectrum> readSpectra(const JsonReader& reader) {
    std::vector<spectra::Spectrum> spectra;
    for (const JsonReader& element : atLeastOne(reader.at("spectra")))
        spectra.push_back(spectrumFromJson(element));
    return spectra;
}

std::optional<std::int64_t> readRank(const JsonReader& reader) {
    const auto rank = reader.find("rank");
    if (!rank) return std::nullopt;
    if (rank->whole() < 1) rank->fail("must be a whole number from 1");
    return rank->whole();
}

bool flagOr(const JsonReader& reader, const char* key, bool usual) {
    const auto flag = reader.find(key);
    return flag ? flag->flag() : usual;
}

AxesChoice readAxes(const JsonReader& reader, const AxesChoice& usual) {
    return {flagOr(reader, "log_rank", usual.logRank), flagOr(reader, "log_value", usual.logValue),
            flagOr(reader, "normalise", usual.normalise)};
}

SpectraFigure readSpectraFigure(const JsonReader& reader, SpectraPlots plots) {
    SpectraFigure figure{.plots = plots, .spectra = readSpectra(reader), .rank = readRank(reader)};
    figure.axes = readAxes(reader, usualAxes(plots));
    figure.overlays.powerLaw = flagOr(reader, "power_law", false);
    for (const JsonReader& element : reader.at("spectra").elements())
        if (const auto null = element.find("null")) {
            figure.overlays.nullBand = true;
            figure.overlays.nulls.emplace(element.at("name").text(), nullFromJson(*null));
        }
    return figure;
}

HeatMapFigure readHeatMap(const JsonReader& reader) {
    const std::string metric = reader.at("metric").text();
    findHeatMetric(metric);  // throws if there is none
    return {.metric = metric, .spectra = readSpectra(reader), .rank = readRank(reader)};
}

MethodCurvesFigure readMethodCurves(const JsonReader& reader) {
    MethodCurvesFigure figure{.rank = readRank(reader), .axes = readAxes(reader, plainAxes)};
    for (const JsonReader& curve : atLeastOne(reader.at("race")))
        figure.curves.push_back(raceCurveFromJson(curve));
    return figure;
}

ComparisonFigure readComparison(const JsonReader& reader) {
    ComparisonFigure figure{.axes = readAxes(reader, {})};
    for (const JsonReader& matrix : reader.at("compared").elements())
        figure.matrices.push_back(comparisonFromJson(matrix));
    return figure;
}

Figure readFigure(const JsonReader& reader, const std::string& what) {
    const JsonReader kind = reader.at("figure");
    const std::string word = kind.text();
    for (const auto& [name, plots] : spectraWords)
        if (word == name) return readSpectraFigure(reader, plots);
    if (word == heatMapWord) return readHeatMap(reader);
    if (word == methodCurvesWord) return readMethodCurves(reader);
    if (word == paretoWord)
        return ParetoFigure{search::frontFromJson(reader.at("pareto").json(), nullptr, what)};
    if (word == comparisonWord) return readComparison(reader);
    kind.fail(
        fmt::format("must be spectrum, error, both, seed, heat-map, race, pareto or compare, "
                    "not \"{}\"",
                    printable(word)));
}

FigureSize readSize(const JsonReader& reader) {
    FigureSize size;
    if (const auto width = reader.find("width_mm")) size.widthMm = width->real();
    if (const auto height = reader.find("height_mm")) size.heightMm = height->real();
    if (const auto dpi = reader.find("dpi"))
        size.dpi = static_cast<int>(std::clamp<std::int64_t>(dpi->whole(), 0, 1'000'000));
    return size;
}

}  // namespace

Json toJson(const FigureRequest& request) {
    Json document = {{"figure", ""},
                     {"out", request.out.string()},
                     {"width_mm", request.size.widthMm},
                     {"height_mm", request.size.heightMm},
                     {"dpi", request.size.dpi},
                     {"title", request.title},
                     {"spectra", Json::array()}};
    std::visit([&](const auto& figure) { writeFigure(document, figure); }, request.figure);
    return document;
}

FigureRequest figureRequestFromJson(const Json& document, const std::string& what) {
    const JsonReader reader(document, printable(what),
                            "Let `rankscope-cli` make the request: name a figure with --out.",
                            ErrorKind::Usage);
    FigureRequest request;
    request.figure = readFigure(reader, what);
    request.out = reader.at("out").text();
    request.size = readSize(reader);
    if (const auto title = reader.find("title")) request.title = title->text();
    return request;
}

HeatMap heatMapOf(const HeatMapFigure& figure) {
    if (figure.map) return *figure.map;
    std::vector<const spectra::Spectrum*> shown;
    for (const spectra::Spectrum& spectrum : figure.spectra) shown.push_back(&spectrum);
    const HeatMetric& metric = findHeatMetric(figure.metric);
    return makeHeatMap(metric, shown, [&](const spectra::Spectrum& spectrum) {
        return metric.value(spectrum, figure.rank.value_or(spectrum.size()));
    });
}

}  // namespace rankscope::report
