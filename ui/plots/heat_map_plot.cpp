// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/heat_map_plot.h"

#include <QFontMetrics>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/plots/plot_style.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

constexpr int widgetFontPixels = 12;
const QColor emptyColor(0xe4, 0xe4, 0xe4);
const QColor frameColor(0xd5, 0x5e, 0x00);  // stands out from all of viridis

/// "self q" in two lines: the columns are narrow.
QString columnLabel(const std::string& name) {
    return QString::fromStdString(name).replace(QLatin1Char(' '), QLatin1Char('\n'));
}

void setTicks(QCPAxis& axis, const QStringList& labels, int fontPixels) {
    QSharedPointer<QCPAxisTickerText> ticker(new QCPAxisTickerText);
    for (qsizetype i = 0; i < labels.size(); ++i)
        ticker->addTick(static_cast<double>(i), labels[i]);
    axis.setTicker(ticker);
    axis.setTickLabelFont(pixelFont(fontPixels));
    axis.setTickPen(Qt::NoPen);
    axis.setSubTicks(false);
    axis.grid()->setVisible(false);
    axis.setRange(-0.5, static_cast<double>(std::max<qsizetype>(1, labels.size())) - 0.5);
}

/// A map over at least 2 x 2 cells, since QCPColorMap has no width for a single one; the axes show
/// only the real ones. Empty cells are NaN.
QCPColorMap* addColours(QCPAxisRect& rect, const report::HeatMap& map) {
    auto* colours = new QCPColorMap(rect.axis(QCPAxis::atBottom), rect.axis(QCPAxis::atLeft));
    const int columns = std::max(2, static_cast<int>(map.columns.size()));
    const int rows = std::max(2, static_cast<int>(map.rows.size()));
    colours->data()->setSize(columns, rows);
    colours->data()->setRange({0, columns - 1.0}, {0, rows - 1.0});
    colours->data()->fill(std::numeric_limits<double>::quiet_NaN());
    for (const report::HeatCell& cell : map.cells) {
        colours->data()->setCell(static_cast<int>(cell.column), static_cast<int>(cell.row),
                                 cell.value);
    }
    colours->setInterpolate(false);
    colours->setTightBoundary(false);
    return colours;
}

void addFrame(QCustomPlot& plot, const report::HeatCell& cell) {
    auto* frame = new QCPItemRect(&plot);
    frame->setPen(QPen(frameColor, 3));
    frame->setBrush(Qt::NoBrush);
    const auto x = static_cast<double>(cell.column);
    const auto y = static_cast<double>(cell.row);
    frame->topLeft->setCoords(x - 0.47, y - 0.45);
    frame->bottomRight->setCoords(x + 0.47, y + 0.45);
}

}  // namespace

QCPColorGradient viridis() {
    // Nine points of the map of that name by Nathaniel Smith and Stéfan van der Walt (CC0).
    constexpr QRgb stops[] = {0xff440154, 0xff472d7b, 0xff3b528b, 0xff2c728e, 0xff21918c,
                              0xff28ae80, 0xff5ec962, 0xffaddc30, 0xfffde725};
    QMap<double, QColor> colours;
    for (std::size_t i = 0; i < std::size(stops); ++i) {
        colours.insert(static_cast<double>(i) / (std::size(stops) - 1.0),
                       QColor::fromRgb(stops[i]));
    }
    QCPColorGradient gradient;
    gradient.setColorStops(colours);
    gradient.setColorInterpolation(QCPColorGradient::ciRGB);
    gradient.setNanHandling(QCPColorGradient::nhTransparent);
    return gradient;
}

void drawHeatMap(QCPAxisRect& rect, QCPColorScale& scale, const report::HeatMap& map,
                 int fontPixels) {
    QStringList columns;
    for (const std::string& name : map.columns) columns << columnLabel(name);
    QStringList rows;
    for (const std::string& name : map.rows) rows << QString::fromStdString(name);
    setTicks(*rect.axis(QCPAxis::atBottom), columns, fontPixels);
    setTicks(*rect.axis(QCPAxis::atLeft), rows, fontPixels);
    rect.axis(QCPAxis::atLeft)->setRangeReversed(true);  // the first layer on top
    rect.setBackground(emptyColor);
    QCPColorMap* colours = addColours(rect, map);
    scale.setType(QCPAxis::atRight);
    scale.axis()->setLabel(QString::fromStdString(map.title));
    scale.axis()->setLabelFont(pixelFont(fontPixels));
    scale.axis()->setTickLabelFont(pixelFont(fontPixels));
    scale.axis()->setNumberFormat(QStringLiteral("gbc"));
    scale.axis()->setNumberPrecision(4);
    scale.setBarWidth(14);
    colours->setColorScale(&scale);
    colours->setGradient(viridis());
    const double margin = map.high > map.low ? 0 : std::max(std::abs(map.low) * 0.01, 0.01);
    colours->setDataRange({map.low - margin, map.high + margin});
}

void drawHeatMapNumbers(QCPAxisRect& rect, const report::HeatMap& map, QSizeF cellSize,
                        int fontPixels) {
    const QFont font = pixelFont(fontPixels - 2);
    const QFontMetrics metrics(font);
    for (const report::HeatCell& cell : map.cells) {
        const QString text = QString::fromStdString(report::heatCellText(map, cell.value));
        if (metrics.horizontalAdvance(text) + 2 > cellSize.width() ||
            metrics.ascent() > cellSize.height())
            continue;
        auto* item = new QCPItemText(rect.parentPlot());
        item->setClipAxisRect(&rect);
        auto* position = item->position;
        position->setAxisRect(&rect);
        position->setAxes(rect.axis(QCPAxis::atBottom), rect.axis(QCPAxis::atLeft));
        position->setType(QCPItemPosition::ptPlotCoords);
        position->setCoords(static_cast<double>(cell.column), static_cast<double>(cell.row));
        item->setText(text);
        item->setFont(font);
        // Dark on light colours and light on dark ones.
        const double share = map.high > map.low ? (cell.value - map.low) / (map.high - map.low) : 0;
        item->setColor(share > 0.6 || std::isnan(share) ? Qt::black : Qt::white);
    }
}

HeatMapPlot::HeatMapPlot(QWidget* parent) : QCustomPlot(parent), m_scale(new QCPColorScale(this)) {
    setAccessibleName(tr("Overview of all layers"));
    setMinimumSize(320, 200);
    setMouseTracking(true);
    plotLayout()->addElement(0, 1, m_scale);
    auto* margins = new QCPMarginGroup(this);
    axisRect()->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    m_scale->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
}

void HeatMapPlot::setSelected(std::vector<std::string> names) {
    m_selected = std::move(names);
    redraw();
}

void HeatMapPlot::setHeatMap(report::HeatMap map) {
    m_map = std::move(map);
    redraw();
    QStringList words;
    for (const report::HeatCell& cell : m_map.cells) {
        words << tr("%1: %2").arg(shortName(cell.matrix),
                                  QString::fromStdString(report::heatCellText(m_map, cell.value)));
    }
    setAccessibleDescription(QString::fromStdString(m_map.title) + QStringLiteral(". ") +
                             words.join(QStringLiteral("; ")));
}

void HeatMapPlot::redraw() {
    clearPlottables();
    clearItems();
    drawHeatMap(*axisRect(), *m_scale, m_map, widgetFontPixels);
    updateLayout();  // only now it is known what the labels leave for the cells
    const auto columns = static_cast<double>(std::max<std::size_t>(1, m_map.columns.size()));
    const auto rows = static_cast<double>(std::max<std::size_t>(1, m_map.rows.size()));
    drawHeatMapNumbers(*axisRect(), m_map,
                       {axisRect()->width() / columns, axisRect()->height() / rows},
                       widgetFontPixels);
    for (const report::HeatCell& cell : m_map.cells)
        if (std::find(m_selected.begin(), m_selected.end(), cell.matrix) != m_selected.end())
            addFrame(*this, cell);
    replot(QCustomPlot::rpQueuedReplot);
}

QPoint HeatMapPlot::cellCentre(const std::string& matrix) const {
    for (const report::HeatCell& cell : m_map.cells) {
        if (cell.matrix == matrix) {
            return QPointF(xAxis->coordToPixel(static_cast<double>(cell.column)),
                           yAxis->coordToPixel(static_cast<double>(cell.row)))
                .toPoint();
        }
    }
    return {-1, -1};
}

const report::HeatCell* HeatMapPlot::cellAt(const QPointF& position) const {
    if (!axisRect()->rect().contains(position.toPoint())) return nullptr;
    const auto column = std::lround(xAxis->pixelToCoord(position.x()));
    const auto row = std::lround(yAxis->pixelToCoord(position.y()));
    for (const report::HeatCell& cell : m_map.cells)
        if (static_cast<long>(cell.column) == column && static_cast<long>(cell.row) == row)
            return &cell;
    return nullptr;
}

void HeatMapPlot::mouseReleaseEvent(QMouseEvent* event) {
    QCustomPlot::mouseReleaseEvent(event);
    const report::HeatCell* cell = cellAt(event->position());
    if (cell && event->button() == Qt::LeftButton)
        emit matrixClicked(QString::fromStdString(cell->matrix));
}

void HeatMapPlot::mouseMoveEvent(QMouseEvent* event) {
    const report::HeatCell* cell = cellAt(event->position());
    setToolTip(
        cell ? tr("%1: %2").arg(shortName(cell->matrix),
                                QString::fromStdString(report::heatCellText(m_map, cell->value)))
             : QString());
    setCursor(cell ? Qt::PointingHandCursor : Qt::ArrowCursor);
    QCustomPlot::mouseMoveEvent(event);
}

void HeatMapPlot::resizeEvent(QResizeEvent* event) {
    QCustomPlot::resizeEvent(event);
    redraw();
}

}  // namespace rankscope::ui
