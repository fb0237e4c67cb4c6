// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/figure_renderer.h"

#include <cmath>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/report/analysis_tables.h"
#include "core/report/race_tables.h"
#include "core/report/spectrum_tables.h"
#include "core/search/pareto.h"
#include "ui/plots/front_plot.h"
#include "ui/plots/heat_map_plot.h"
#include "ui/plots/method_series.h"
#include "ui/plots/plot_drawing.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

constexpr int figureFontPixels = 12;
constexpr const char* requestRemedy = "Let `rankscope-cli` make the request.";

const Json& field(const Json& document, const char* key, const std::string& what) {
    const auto found = document.find(key);
    if (found == document.end()) {
        throw usageError(what + " has no field \"" + key + "\"", what);
    }
    return *found;
}

double numberOr(const Json& document, const char* key, double fallback, const std::string& what) {
    const auto found = document.find(key);
    if (found == document.end() || found->is_null()) {
        return fallback;
    }
    if (!found->is_number()) {
        throw usageError(what + ": \"" + key + "\" must be a number", what);
    }
    return found->get<double>();
}

bool flagOr(const Json& document, const char* key, bool fallback, const std::string& what) {
    const auto found = document.find(key);
    if (found == document.end()) {
        return fallback;
    }
    if (!found->is_boolean()) {
        throw usageError(what + ": \"" + key + "\" must be true or false", what);
    }
    return found->get<bool>();
}

std::string text(const Json& value, const char* key, const std::string& what) {
    if (!value.is_string()) {
        throw usageError(what + ": \"" + key + "\" must be a text", what);
    }
    return value.get<std::string>();
}

FigureKind kindOf(const std::string& name, const std::string& what) {
    if (name == "spectrum") {
        return FigureKind::Spectrum;
    }
    if (name == "error") {
        return FigureKind::Error;
    }
    if (name == "both") {
        return FigureKind::Both;
    }
    if (name == "seed") {
        return FigureKind::OneMatrix;
    }
    if (name == "heat-map") {
        return FigureKind::HeatMap;
    }
    if (name == "race") {
        return FigureKind::MethodCurves;
    }
    if (name == "pareto") {
        return FigureKind::Pareto;
    }
    if (name == "compare") {
        return FigureKind::Compare;
    }
    throw usageError(what +
                         ": \"figure\" must be spectrum, error, both, seed, heat-map, race, pareto "
                         "or compare, not \"" +
                         printable(name) + "\"",
                     what);
}

std::vector<const spectra::Spectrum*> pointers(const std::vector<spectra::Spectrum>& spectra) {
    std::vector<const spectra::Spectrum*> result;
    for (const auto& spectrum : spectra) {
        result.push_back(&spectrum);
    }
    return result;
}

void readSpectra(const Json& document, const std::string& what, FigureRequest& request) {
    const Json& spectra = field(document, "spectra", what);
    if (!spectra.is_array() || spectra.empty()) {
        throw usageError(what + ": \"spectra\" must be a list with at least one spectrum", what);
    }
    const JsonReader reader(spectra, what + ": spectra", requestRemedy);
    for (const JsonReader& element : reader.elements()) {
        request.spectra.push_back(report::spectrumFromJson(element));
        if (const auto null = element.find("null")) {
            request.overlays.nullBand = true;
            request.overlays.nulls.emplace(request.spectra.back().name(),
                                           report::nullFromJson(*null));
        }
    }
}

void readMethodCurves(const Json& document, const std::string& what, FigureRequest& request) {
    const Json& curves = field(document, "race", what);
    if (!curves.is_array() || curves.empty()) {
        throw usageError(what + ": \"race\" must be a list with at least one method", what);
    }
    const JsonReader reader(curves, what + ": race", requestRemedy);
    for (const JsonReader& element : reader.elements()) {
        request.methodCurves.push_back(report::raceCurveFromJson(element));
    }
}

void addRankLine(QCPAxisRect& rect, std::int64_t rank) {
    const auto x = static_cast<double>(rank);
    auto* axis = rect.axis(QCPAxis::atBottom);
    if (!axis->range().contains(x)) {
        return;
    }
    auto* line = new QCPItemLine(rect.parentPlot());
    line->setClipAxisRect(&rect);
    line->setPen(QPen(QColor(0x33, 0x33, 0x33), 1));
    for (auto* end : {line->start, line->end}) {
        end->setTypeX(QCPItemPosition::ptPlotCoords);
        end->setTypeY(QCPItemPosition::ptAxisRectRatio);
        end->setAxisRect(&rect);
        end->setAxes(axis, rect.axis(QCPAxis::atLeft));
    }
    line->start->setCoords(x, 0);
    line->end->setCoords(x, 1);
}

void addText(QCPAxisRect& rect, const QString& words, bool right, double height) {
    if (words.isEmpty()) {
        return;
    }
    auto* item = new QCPItemText(rect.parentPlot());
    item->setClipAxisRect(&rect);
    item->setText(words);
    QFont font;
    font.setPixelSize(figureFontPixels - 1);
    item->setFont(font);
    item->setPositionAlignment((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignBottom);
    item->position->setType(QCPItemPosition::ptAxisRectRatio);
    item->position->setAxisRect(&rect);
    item->position->setCoords(right ? 0.985 : 0.015, height);
    item->setBrush(QColor(255, 255, 255, 235));
    item->setPadding(QMargins(3, 1, 3, 1));
}

QString readout(const FigureRequest& request, std::size_t place) {
    const auto spectra = pointers(request.spectra);
    const bool first = place == 0;
    switch (request.kind) {
        case FigureKind::OneMatrix:
            return first ? spectrumReadout(spectra, *request.rank, request.axes.normalise)
                         : frobeniusReadout(*spectra.front(), *request.rank);
        case FigureKind::Error:
            return errorReadout(spectra, *request.rank);
        case FigureKind::MethodCurves:
            return methodCurvesReadout(request.methodCurves, *request.rank);
        default:
            return first ? spectrumReadout(spectra, *request.rank, request.axes.normalise)
                         : errorReadout(spectra, *request.rank);
    }
}

/// Puts the title above; returns the row of the plots.
int addTitle(QCustomPlot& plot, const QString& text) {
    if (text.isEmpty()) {
        return 0;
    }
    plot.plotLayout()->insertRow(0);
    auto* title = new QCPTextElement(&plot, text);
    QFont font;
    font.setPixelSize(figureFontPixels + 2);
    title->setFont(font);
    title->setMargins(QMargins(4, 6, 4, 0));
    plot.plotLayout()->addElement(0, 0, title);
    return 1;
}

void drawHeatMapFigure(QCustomPlot& plot, const FigureRequest& request) {
    const int row = addTitle(plot, request.title);
    auto* scale = new QCPColorScale(&plot);
    plot.plotLayout()->addElement(row, 1, scale);
    auto* margins = new QCPMarginGroup(&plot);
    plot.axisRect()->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    scale->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    // What labels, scale and title leave of the figure, roughly: it decides about the numbers.
    const QSize size = request.size.layoutPixels();
    const auto columns = std::max<std::size_t>(1, request.heatMap.columns.size());
    const auto rows = std::max<std::size_t>(1, request.heatMap.rows.size());
    drawHeatMap(*plot.axisRect(), *scale, request.heatMap, figureFontPixels);
    drawHeatMapNumbers(*plot.axisRect(), request.heatMap,
                       {(size.width() - 170) / static_cast<double>(columns),
                        (size.height() - 80) / static_cast<double>(rows)},
                       figureFontPixels);
}

/// A plot a compared matrix, up to three beside each other, its name above; one legend.
void drawComparedFigure(QCustomPlot& plot, const FigureRequest& request) {
    constexpr int mostColumns = 3;
    const auto count = static_cast<int>(request.compared.size());
    const int columns = std::min(count, mostColumns);
    plot.plotLayout()->clear();
    int row = 0;
    if (!request.title.isEmpty()) {
        auto* title = new QCPTextElement(&plot, request.title);
        QFont font;
        font.setPixelSize(figureFontPixels + 2);
        title->setFont(font);
        plot.plotLayout()->addElement(row++, 0, title);
    }
    auto* grid = new QCPLayoutGrid;
    plot.plotLayout()->addElement(row, 0, grid);
    for (int i = 0; i < count; ++i) {
        const ComparedSpectra& spectra = request.compared[static_cast<std::size_t>(i)];
        auto* name = new QCPTextElement(&plot, shortName(spectra.name));
        QFont font;
        font.setPixelSize(figureFontPixels);
        name->setFont(font);
        auto* rect = new QCPAxisRect(&plot, true);
        grid->addElement(2 * (i / columns), i % columns, name);
        grid->addElement(2 * (i / columns) + 1, i % columns, rect);
        grid->setRowStretchFactor(2 * (i / columns), 0.001);
        for (auto* axis : rect->axes()) {
            axis->setLayer(QStringLiteral("axes"));
            axis->grid()->setLayer(QStringLiteral("grid"));
        }
        auto* legend = i == 0 ? new QCPLegend : nullptr;
        if (legend) {
            rect->insetLayout()->addElement(legend, Qt::AlignLeft | Qt::AlignBottom);
            legend->setLayer(QStringLiteral("legend"));
        }
        const PlotData data = comparedData(spectra, request.axes);
        drawPlot(*rect, data, legend, figureFontPixels);
        addText(*rect, data.note, true, 0.06);
        for (QCPGraph* graph : rect->graphs()) {
            graph->setAdaptiveSampling(false);
        }
    }
}

void drawFigure(QCustomPlot& plot, const FigureRequest& request) {
    const auto data =
        request.kind == FigureKind::MethodCurves
            ? std::vector{methodCurvesData(request.methodCurves, request.axes)}
            : figurePlots(request.kind, pointers(request.spectra), request.axes, request.overlays);
    const int row = addTitle(plot, request.title);
    for (std::size_t i = 0; i < data.size(); ++i) {
        auto* rect = i == 0 ? plot.axisRect(0) : new QCPAxisRect(&plot, true);
        if (i > 0) {
            plot.plotLayout()->addElement(row, static_cast<int>(i), rect);
        }
        for (auto* axis : rect->axes()) {
            axis->setLayer(QStringLiteral("axes"));
            axis->grid()->setLayer(QStringLiteral("grid"));
        }
        drawPlot(*rect, data[i], i == 0 ? plot.legend : nullptr, figureFontPixels);
        for (QCPGraph* graph : rect->graphs()) {
            graph->setAdaptiveSampling(false);
        }
        if (const auto& view = request.views.at(i)) {
            rect->axis(QCPAxis::atBottom)->setRange(view->xLower, view->xUpper);
            rect->axis(QCPAxis::atLeft)->setRange(view->yLower, view->yUpper);
        }
        if (request.rank) {
            addRankLine(*rect, *request.rank);
            addText(*rect, readout(request, i), false, 0.985);
        }
        addText(*rect, data[i].note, true, 0.06);
    }
    if (row == 1 && data.size() > 1) {
        auto* title = plot.plotLayout()->element(0, 0);
        plot.plotLayout()->take(title);
        // Over both plots: the title takes a layout of its own above a layout of the plots.
        auto* plots = new QCPLayoutGrid;
        for (int column = 0; column < static_cast<int>(data.size()); ++column) {
            auto* rect = plot.plotLayout()->element(1, column);
            plot.plotLayout()->take(rect);
            plots->addElement(0, column, rect);
        }
        plot.plotLayout()->simplify();
        plot.plotLayout()->addElement(0, 0, title);
        plot.plotLayout()->addElement(1, 0, plots);
    }
}

}  // namespace

std::vector<PlotData> figurePlots(FigureKind kind, Spectra spectra, const AxesChoice& axes,
                                  const OverlayChoice& overlays) {
    const auto singularValues = [&](Spectra shown) {
        PlotData data = spectrumData(shown, axes);
        addOverlays(data, shown, axes, overlays);
        return data;
    };
    switch (kind) {
        case FigureKind::Spectrum:
            return {singularValues(spectra)};
        case FigureKind::Error:
            return {errorData(spectra, axes)};
        case FigureKind::Both:
            return {singularValues(spectra), errorData(spectra, axes)};
        case FigureKind::OneMatrix:
        case FigureKind::HeatMap:  // these four are not drawn from spectra
        case FigureKind::MethodCurves:
        case FigureKind::Pareto:
        case FigureKind::Compare:
            break;
    }
    const auto one = spectra.first(std::min<std::size_t>(1, spectra.size()));
    return {singularValues(one),
            one.empty() ? errorData(one, axes) : frobeniusData(*one.front(), axes)};
}

FigureRequest figureRequestFromJson(const Json& document, const std::string& what) {
    if (!document.is_object()) {
        throw usageError(what + " must be a JSON object", what);
    }
    FigureRequest request;
    request.kind = kindOf(text(field(document, "figure", what), "figure", what), what);
    // The post draws its two curves on plain axes.
    request.axes.logValue =
        request.kind != FigureKind::OneMatrix && request.kind != FigureKind::MethodCurves;
    request.axes.logRank = flagOr(document, "log_rank", false, what);
    request.axes.logValue = flagOr(document, "log_value", request.axes.logValue, what);
    request.axes.normalise = flagOr(document, "normalise", false, what);
    request.overlays.powerLaw = flagOr(document, "power_law", false, what);
    request.out = QString::fromStdString(text(field(document, "out", what), "out", what));
    request.size.widthMm = numberOr(document, "width_mm", request.size.widthMm, what);
    request.size.heightMm = numberOr(document, "height_mm", request.size.heightMm, what);
    const double dpi = numberOr(document, "dpi", request.size.dpi, what);
    request.size.dpi = dpi >= 0 && dpi < 1e6 ? static_cast<int>(std::lround(dpi)) : 0;
    checkSize(request.size);
    if (document.contains("title")) {
        request.title = QString::fromStdString(text(document.at("title"), "title", what));
    }
    if (request.kind == FigureKind::Pareto) {
        request.front = search::frontFromJson(field(document, "pareto", what), nullptr, what);
        return request;
    }
    if (request.kind == FigureKind::Compare) {
        for (const Json& matrix : field(document, "compared", what)) {
            request.compared.push_back(comparedFromJson(matrix, what));
        }
        return request;
    }
    if (request.kind == FigureKind::MethodCurves) {
        readMethodCurves(document, what, request);
    } else {
        readSpectra(document, what, request);
    }
    if (document.contains("rank") && !document.at("rank").is_null()) {
        const Json& rank = document.at("rank");
        if (!rank.is_number_integer() || rank.get<std::int64_t>() < 1) {
            throw usageError(what + ": \"rank\" must be a whole number from 1", what);
        }
        request.rank = rank.get<std::int64_t>();
    }
    if (request.kind == FigureKind::HeatMap) {
        const std::string metric = text(field(document, "metric", what), "metric", what);
        const report::HeatMetric& chosen = report::findHeatMetric(metric);
        request.heatMap =
            report::makeHeatMap(chosen, pointers(request.spectra), [&](const spectra::Spectrum& s) {
                return chosen.value(s, request.rank.value_or(s.size()));
            });
    }
    return request;
}

void renderFigure(const FigureRequest& request) {
    QCustomPlot plot;
    plot.setBackground(Qt::white);
    if (request.kind == FigureKind::HeatMap) {
        drawHeatMapFigure(plot, request);
    } else if (request.kind == FigureKind::Pareto) {
        drawFront(plot, frontPanels(request.front), request.title,
                  request.size.layoutPixels().width(), figureFontPixels);
    } else if (request.kind == FigureKind::Compare) {
        drawComparedFigure(plot, request);
    } else {
        drawFigure(plot, request);
    }
    writeFigure(plot, request.out, request.size, request.title);
}

}  // namespace rankscope::ui
