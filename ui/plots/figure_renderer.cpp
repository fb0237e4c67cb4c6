// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/figure_renderer.h"

#include <qcustomplot.h>

#include <QString>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "ui/plots/compared_spectra.h"
#include "ui/plots/front_plot.h"
#include "ui/plots/heat_map_plot.h"
#include "ui/plots/method_series.h"
#include "ui/plots/plot_drawing.h"
#include "ui/plots/plot_export.h"
#include "ui/plots/spectrum_overlays.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

using report::SpectraPlots;

constexpr int figureFontPixels = 12;

/// The paper that a figure is drawn on.
struct Paper {
    QString title;
    QSize pixels;
};

/// A pair of axes and what stands in it beside the curves.
struct ShownPlot {
    PlotData data;
    QString readout;  ///< the numbers at the rank line
    std::optional<report::View> view;
};

QFont fontOf(int pixels) {
    QFont font;
    font.setPixelSize(pixels);
    return font;
}

std::vector<const spectra::Spectrum*> pointers(const std::vector<spectra::Spectrum>& spectra) {
    std::vector<const spectra::Spectrum*> result;
    for (const auto& spectrum : spectra) result.push_back(&spectrum);
    return result;
}

void addRankLine(QCPAxisRect& rect, std::int64_t rank) {
    const auto x = static_cast<double>(rank);
    auto* axis = rect.axis(QCPAxis::atBottom);
    if (!axis->range().contains(x)) return;
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
    if (words.isEmpty()) return;
    auto* item = new QCPItemText(rect.parentPlot());
    item->setClipAxisRect(&rect);
    item->setText(words);
    item->setFont(fontOf(figureFontPixels - 1));
    item->setPositionAlignment((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignBottom);
    item->position->setType(QCPItemPosition::ptAxisRectRatio);
    item->position->setAxisRect(&rect);
    item->position->setCoords(right ? 0.985 : 0.015, height);
    item->setBrush(QColor(255, 255, 255, 235));
    item->setPadding(QMargins(3, 1, 3, 1));
}

/// Puts the title above; returns the row of the plots.
int addTitle(QCustomPlot& plot, const QString& text) {
    if (text.isEmpty()) return 0;
    plot.plotLayout()->insertRow(0);
    auto* title = new QCPTextElement(&plot, text);
    title->setFont(fontOf(figureFontPixels + 2));
    title->setMargins(QMargins(4, 6, 4, 0));
    plot.plotLayout()->addElement(0, 0, title);
    return 1;
}

void addPlot(QCPAxisRect& rect, const PlotData& data, QCPLegend* legend) {
    for (auto* axis : rect.axes()) {
        axis->setLayer(QStringLiteral("axes"));
        axis->grid()->setLayer(QStringLiteral("grid"));
    }
    drawPlot(rect, data, legend, figureFontPixels);
    for (QCPGraph* graph : rect.graphs()) graph->setAdaptiveSampling(false);
}

/// Over both plots: the title takes a layout of its own above a layout of the plots.
void spreadTitle(QCustomPlot& plot, int plots) {
    auto* title = plot.plotLayout()->element(0, 0);
    plot.plotLayout()->take(title);
    auto* row = new QCPLayoutGrid;
    for (int column = 0; column < plots; ++column) {
        auto* rect = plot.plotLayout()->element(1, column);
        plot.plotLayout()->take(rect);
        row->addElement(0, column, rect);
    }
    plot.plotLayout()->simplify();
    plot.plotLayout()->addElement(0, 0, title);
    plot.plotLayout()->addElement(1, 0, row);
}

void drawSideBySide(QCustomPlot& plot, const std::vector<ShownPlot>& shown,
                    const std::optional<std::int64_t>& rank, const QString& title) {
    const int row = addTitle(plot, title);
    for (std::size_t i = 0; i < shown.size(); ++i) {
        auto* rect = i == 0 ? plot.axisRect(0) : new QCPAxisRect(&plot, true);
        if (i > 0) plot.plotLayout()->addElement(row, static_cast<int>(i), rect);
        addPlot(*rect, shown[i].data, i == 0 ? plot.legend : nullptr);
        if (const auto& view = shown[i].view) {
            rect->axis(QCPAxis::atBottom)->setRange(view->xLower, view->xUpper);
            rect->axis(QCPAxis::atLeft)->setRange(view->yLower, view->yUpper);
        }
        if (rank) {
            addRankLine(*rect, *rank);
            addText(*rect, shown[i].readout, false, 0.985);
        }
        addText(*rect, shown[i].data.note, true, 0.06);
    }
    if (row == 1 && shown.size() > 1) spreadTitle(plot, static_cast<int>(shown.size()));
}

QString readoutOf(const report::SpectraFigure& figure, std::size_t place) {
    const auto spectra = pointers(figure.spectra);
    if (place == 0 && figure.plots != SpectraPlots::Error)
        return spectrumReadout(spectra, *figure.rank, figure.axes.normalise);
    return figure.plots == SpectraPlots::OneMatrix
               ? frobeniusReadout(*spectra.front(), *figure.rank)
               : errorReadout(spectra, *figure.rank);
}

// ---- drawInto: one per kind of figure

void drawInto(QCustomPlot& plot, const report::SpectraFigure& figure, const Paper& paper) {
    auto data = spectraPlots(figure.plots, pointers(figure.spectra), figure.axes, figure.overlays);
    std::vector<ShownPlot> shown;
    for (std::size_t i = 0; i < data.size(); ++i) {
        shown.push_back({std::move(data[i]), figure.rank ? readoutOf(figure, i) : QString(),
                         figure.views.at(i)});
    }
    drawSideBySide(plot, shown, figure.rank, paper.title);
}

void drawInto(QCustomPlot& plot, const report::MethodCurvesFigure& figure, const Paper& paper) {
    const QString readout =
        figure.rank ? methodCurvesReadout(figure.curves, *figure.rank) : QString();
    drawSideBySide(plot,
                   {{methodCurvesData(figure.curves, figure.axes), readout, figure.views.front()}},
                   figure.rank, paper.title);
}

void drawInto(QCustomPlot& plot, const report::HeatMapFigure& figure, const Paper& paper) {
    const report::HeatMap map = report::heatMapOf(figure);
    const int row = addTitle(plot, paper.title);
    auto* scale = new QCPColorScale(&plot);
    plot.plotLayout()->addElement(row, 1, scale);
    auto* margins = new QCPMarginGroup(&plot);
    plot.axisRect()->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    scale->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    // The room that labels, scale and title leave, roughly: it decides about the numbers.
    const auto columns = std::max<std::size_t>(1, map.columns.size());
    const auto rows = std::max<std::size_t>(1, map.rows.size());
    drawHeatMap(*plot.axisRect(), *scale, map, figureFontPixels);
    drawHeatMapNumbers(*plot.axisRect(), map,
                       {(paper.pixels.width() - 170) / static_cast<double>(columns),
                        (paper.pixels.height() - 80) / static_cast<double>(rows)},
                       figureFontPixels);
}

void drawInto(QCustomPlot& plot, const report::ParetoFigure& figure, const Paper& paper) {
    drawFront(plot, frontPanels(figure.front), paper.title, paper.pixels.width(), figureFontPixels);
}

/// A plot per compared matrix, up to three beside each other, its name above; one legend.
void drawInto(QCustomPlot& plot, const report::ComparisonFigure& figure, const Paper& paper) {
    constexpr int mostColumns = 3;
    const auto count = static_cast<int>(figure.matrices.size());
    const int columns = std::min(count, mostColumns);
    plot.plotLayout()->clear();
    int row = 0;
    if (!paper.title.isEmpty()) {
        auto* title = new QCPTextElement(&plot, paper.title);
        title->setFont(fontOf(figureFontPixels + 2));
        plot.plotLayout()->addElement(row++, 0, title);
    }
    auto* grid = new QCPLayoutGrid;
    plot.plotLayout()->addElement(row, 0, grid);
    for (int i = 0; i < count; ++i) {
        const spectra::MatrixComparison& matrix = figure.matrices[static_cast<std::size_t>(i)];
        auto* name = new QCPTextElement(&plot, shortName(matrix.name));
        name->setFont(fontOf(figureFontPixels));
        auto* rect = new QCPAxisRect(&plot, true);
        grid->addElement(2 * (i / columns), i % columns, name);
        grid->addElement(2 * (i / columns) + 1, i % columns, rect);
        grid->setRowStretchFactor(2 * (i / columns), 0.001);
        auto* legend = i == 0 ? new QCPLegend : nullptr;
        if (legend) {
            rect->insetLayout()->addElement(legend, Qt::AlignLeft | Qt::AlignBottom);
            legend->setLayer(QStringLiteral("legend"));
        }
        const PlotData data = comparedData(matrix, figure.axes);
        addPlot(*rect, data, legend);
        addText(*rect, data.note, true, 0.06);
    }
}

}  // namespace

std::vector<PlotData> spectraPlots(SpectraPlots plots, Spectra spectra,
                                   const report::AxesChoice& axes,
                                   const report::OverlayChoice& overlays) {
    const auto singularValues = [&](Spectra shown) {
        PlotData data = spectrumData(shown, axes);
        addOverlays(data, shown, axes, overlays);
        return data;
    };
    switch (plots) {
        case SpectraPlots::SingularValues:
            return {singularValues(spectra)};
        case SpectraPlots::Error:
            return {errorData(spectra, axes)};
        case SpectraPlots::Both:
            return {singularValues(spectra), errorData(spectra, axes)};
        case SpectraPlots::OneMatrix:
            break;
    }
    const auto one = spectra.first(std::min<std::size_t>(1, spectra.size()));
    return {singularValues(one),
            one.empty() ? errorData(one, axes) : frobeniusData(*one.front(), axes)};
}

void renderFigure(const report::FigureRequest& request) {
    checkSize(request.size);
    QCustomPlot plot;
    plot.setBackground(Qt::white);
    const Paper paper{QString::fromStdString(request.title), layoutPixels(request.size)};
    std::visit([&](const auto& figure) { drawInto(plot, figure, paper); }, request.figure);
    writeFigure(plot, QString::fromStdString(request.out.string()), request.size, paper.title);
}

}  // namespace rankscope::ui
