// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/front_plot.h"

#include <QFontMetrics>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "core/search/pareto.h"
#include "ui/plots/plot_drawing.h"
#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

constexpr double pointPixels = 12;
constexpr double markSize = 7, ringSize = 13, highlightSize = 19;
constexpr Qt::PenStyle lines[] = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
constexpr QCPScatterStyle::ScatterShape signs[] = {
    QCPScatterStyle::ssDisc, QCPScatterStyle::ssSquare, QCPScatterStyle::ssTriangle,
    QCPScatterStyle::ssDiamond};

QCPScatterStyle signOf(std::size_t allocation, const QColor& color) {
    const auto shape = signs[allocation % std::size(signs)];
    return {shape, QPen(color, 1), QBrush(color), markSize};
}

QCPGraph* addMarks(QCPAxisRect& rect, const std::vector<FrontMark>& marks) {
    auto* graph =
        rect.parentPlot()->addGraph(rect.axis(QCPAxis::atBottom), rect.axis(QCPAxis::atLeft));
    graph->setAdaptiveSampling(false);
    for (const FrontMark& mark : marks) graph->addData(mark.x, mark.y);
    return graph;
}

void setUpAxes(QCPAxisRect& rect, const FrontPanel& panel, int pixels) {
    rect.setupFullAxesBox();
    for (QCPAxis* axis : rect.axes()) {
        axis->setLayer(QStringLiteral("axes"));
        axis->grid()->setLayer(QStringLiteral("grid"));
        axis->setLabelFont(pixelFont(pixels));
        axis->setTickLabelFont(pixelFont(pixels));
        axis->setLabelPadding(3);
        axis->grid()->setPen(QPen(QColor(225, 225, 225), 1));
        axis->grid()->setZeroLinePen(Qt::NoPen);
    }
    for (const auto type : {QCPAxis::atTop, QCPAxis::atRight}) {
        rect.axis(type)->setTicks(false);
        rect.axis(type)->setTickLabels(false);
    }
    auto* x = rect.axis(QCPAxis::atBottom);
    auto* y = rect.axis(QCPAxis::atLeft);
    x->setLabel(QCoreApplication::translate("Plots", "parameters stored, % of the dense model"));
    y->setLabel(panel.yTitle);
    for (QCPAxis* axis : {x, y}) {
        axis->setNumberFormat(QStringLiteral("gbc"));
        axis->setNumberPrecision(6);
    }
    if (panel.logY) {
        y->setScaleType(QCPAxis::stLogarithmic);
        QSharedPointer<QCPAxisTickerText> ticker(new QCPAxisTickerText);
        for (const double tick : logarithmicTicks(panel.yLower, panel.yUpper))
            ticker->addTick(tick, QString::number(tick, 'g', 3));
        y->setTicker(ticker);
    }
    x->setRange(panel.xLower, panel.xUpper);
    y->setRange(panel.yLower, panel.yUpper);
}

void drawPanel(QCPAxisRect& rect, const FrontPanel& panel, QCPLegend* legend, int pixels) {
    setUpAxes(rect, panel, pixels);
    const auto name = [legend](QCPGraph* graph, const QString& label) {
        graph->setName(label);
        if (legend) graph->addToLegend(legend);
    };
    for (const FrontCurve& curve : panel.curves) {
        auto* graph = addMarks(rect, curve.marks);
        const QColor color = curvePen(curve.method).color();
        graph->setPen(QPen(color, 1, lines[curve.allocation % std::size(lines)]));
        graph->setScatterStyle(signOf(curve.allocation, color));
        name(graph, curve.label);
    }
    auto* front = addMarks(rect, panel.front);
    front->setPen(QPen(inkColor, 1));
    front->setScatterStyle({QCPScatterStyle::ssCircle, QPen(inkColor, 1.4), Qt::NoBrush, ringSize});
    name(front, QCoreApplication::translate("Plots", "front by loss"));
    if (std::isfinite(panel.dense)) {
        auto* dense = addMarks(rect, {{panel.xLower, panel.dense, 0}, {100, panel.dense, 0}});
        dense->setPen(QPen(QColor(110, 110, 110), 1, Qt::DashDotDotLine));
        name(dense, QCoreApplication::translate("Plots", "dense model"));
        auto* star = addMarks(rect, {{100, panel.dense, 0}});
        star->setLineStyle(QCPGraph::lsNone);
        star->setScatterStyle(
            {QCPScatterStyle::ssStar, QPen(QColor(60, 60, 60), 1.4), Qt::NoBrush, 9});
    }
}

int legendColumns(QCPLegend& legend, int width) {
    const QFontMetrics metrics(legend.font());
    int widest = 1;
    for (int i = 0; i < legend.itemCount(); ++i)
        if (auto* item = qobject_cast<QCPPlottableLegendItem*>(legend.item(i)))
            widest = std::max(widest, metrics.horizontalAdvance(item->plottable()->name()));
    const int room = widest + legend.iconSize().width() + 24;
    const int most = std::max(1, (width - 30) / room);
    // As many rows as needed, then as few columns as these rows need.
    const int rows = (legend.itemCount() + most - 1) / std::max(1, most);
    return std::max(1, (legend.itemCount() + rows - 1) / std::max(1, rows));
}

}  // namespace

void drawFront(QCustomPlot& plot, const std::vector<FrontPanel>& panels, const QString& title,
               int width, int pixels) {
    plot.clearPlottables();
    plot.clearItems();
    plot.plotLayout()->clear();
    plot.setAutoAddPlottableToLegend(false);
    int row = 0;
    if (!title.isEmpty()) {
        auto* text = new QCPTextElement(&plot, title);
        text->setFont(pixelFont(pixels + 2));
        text->setMargins(QMargins(4, 6, 4, 0));
        plot.plotLayout()->addElement(row++, 0, text);
    }
    auto* rects = new QCPLayoutGrid;
    plot.plotLayout()->addElement(row++, 0, rects);
    auto* legend = new QCPLegend;
    plot.plotLayout()->addElement(row, 0, legend);
    legend->setLayer(QStringLiteral("legend"));
    legend->setFont(pixelFont(pixels));
    legend->setBorderPen(Qt::NoPen);
    legend->setBrush(Qt::NoBrush);
    legend->setIconSize(34, 18);
    legend->setRowSpacing(0);
    legend->setMargins(QMargins(8, 0, 8, 10));
    for (std::size_t i = 0; i < panels.size(); ++i) {
        auto* rect = new QCPAxisRect(&plot, true);
        rects->addElement(0, static_cast<int>(i), rect);
        drawPanel(*rect, panels[i], i == 0 ? legend : nullptr, pixels);
    }
    legend->setFillOrder(QCPLayoutGrid::foColumnsFirst);
    legend->setWrap(legendColumns(*legend, width));
    legend->setFillOrder(QCPLayoutGrid::foColumnsFirst, true);
    plot.plotLayout()->setRowStretchFactor(row, 0.001);
}

FrontPlot::FrontPlot(QWidget* parent) : QCustomPlot(parent) {
    setAccessibleName(tr("Parameters against loss"));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setMinimumSize(320, 240);
    addLayer(QStringLiteral("highlight"), layer(QStringLiteral("legend")), QCustomPlot::limAbove);
}

void FrontPlot::setFront(search::ParetoFront front) {
    m_front = std::move(front);
    m_panels = frontPanels(m_front);
    m_current.reset();
    m_planned.reset();
    std::vector<FrontMark> marks;
    for (const FrontCurve& curve : m_panels.front().curves)
        marks.insert(marks.end(), curve.marks.begin(), curve.marks.end());
    std::ranges::stable_sort(marks, [](const FrontMark& a, const FrontMark& b) {
        return a.x != b.x ? a.x < b.x : a.y > b.y;
    });
    m_order.clear();
    for (const FrontMark& mark : marks) m_order.push_back(mark.point);
    redraw();
    emit currentChanged();
}

void FrontPlot::redraw() {
    if (m_panels.empty()) return;
    drawFront(*this, m_panels, {}, width(), fontPixels);
    drawHighlights();
}

void FrontPlot::drawHighlights() {
    while (graphCount() > 0 && graph(graphCount() - 1)->layer()->name() == "highlight")
        removeGraph(graphCount() - 1);
    const auto ring = [&](std::optional<std::size_t> point, const QCPScatterStyle& style) {
        for (std::size_t i = 0; point && i < m_panels.size(); ++i) {
            for (const FrontCurve& curve : m_panels[i].curves) {
                for (const FrontMark& mark : curve.marks) {
                    if (mark.point == *point) {
                        auto* graph = addMarks(*axisRect(static_cast<int>(i)), {mark});
                        graph->setLayer(QStringLiteral("highlight"));
                        graph->setLineStyle(QCPGraph::lsNone);
                        graph->setScatterStyle(style);
                    }
                }
            }
        }
    };
    ring(m_planned, {QCPScatterStyle::ssSquare, QPen(inkColor, 1.6), Qt::NoBrush, 21});
    ring(m_current, {QCPScatterStyle::ssCircle, QPen(QColor(0xd5, 0x5e, 0x00), 2), Qt::NoBrush,
                     highlightSize});
    setAccessibleDescription(readout());
    replot(QCustomPlot::rpQueuedReplot);
}

QString FrontPlot::readout() const {
    return m_current ? frontReadout(m_front, *m_current) : QString();
}

void FrontPlot::setCurrent(std::optional<std::size_t> point) {
    if (point != m_current) {
        m_current = point;
        drawHighlights();
        emit currentChanged();
    }
}

void FrontPlot::setPlanned(std::optional<std::size_t> point) {
    if (point != m_planned) {
        m_planned = point;
        drawHighlights();
    }
}

QPoint FrontPlot::markCentre(std::size_t point) const {
    const auto* rect = axisRectCount() > 0 ? axisRect(0) : nullptr;
    for (const FrontCurve& curve :
         m_panels.empty() ? std::vector<FrontCurve>() : m_panels.front().curves) {
        for (const FrontMark& mark : curve.marks) {
            if (rect && mark.point == point) {
                return QPointF(rect->axis(QCPAxis::atBottom)->coordToPixel(mark.x),
                               rect->axis(QCPAxis::atLeft)->coordToPixel(mark.y))
                    .toPoint();
            }
        }
    }
    return {-1, -1};
}

std::optional<std::size_t> FrontPlot::pointAt(const QPointF& position) const {
    std::optional<std::size_t> nearest;
    double least = pointPixels;
    for (std::size_t i = 0; i < m_panels.size(); ++i) {
        const auto* rect = axisRect(static_cast<int>(i));
        for (const FrontCurve& curve : m_panels[i].curves) {
            for (const FrontMark& mark : curve.marks) {
                const double away =
                    std::hypot(rect->axis(QCPAxis::atBottom)->coordToPixel(mark.x) - position.x(),
                               rect->axis(QCPAxis::atLeft)->coordToPixel(mark.y) - position.y());
                if (away < least) {
                    least = away;
                    nearest = mark.point;
                }
            }
        }
    }
    return nearest;
}

void FrontPlot::mouseMoveEvent(QMouseEvent* event) {
    const auto point = pointAt(event->position());
    setCursor(point ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (point) {
        setCurrent(point);
        QToolTip::showText(event->globalPosition().toPoint(),
                           tr("%1\nClick: make it the plan").arg(readout()), this);
    } else {
        QToolTip::hideText();
    }
    QCustomPlot::mouseMoveEvent(event);
}

void FrontPlot::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) {
        if (const auto point = pointAt(event->position())) {
            setCurrent(point);
            emit pointChosen(*point);
        }
    }
    QCustomPlot::mouseReleaseEvent(event);
}

void FrontPlot::leaveEvent(QEvent* event) {
    QToolTip::hideText();
    QCustomPlot::leaveEvent(event);
}

void FrontPlot::step(int by) {
    if (m_order.empty()) return;
    const auto found = m_current ? std::ranges::find(m_order, *m_current) : m_order.end();
    const auto last = static_cast<std::ptrdiff_t>(m_order.size()) - 1;
    const std::ptrdiff_t place =
        found == m_order.end() ? (by < 0 ? last : 0)
                               : std::clamp<std::ptrdiff_t>(found - m_order.begin() + by, 0, last);
    setCurrent(m_order[static_cast<std::size_t>(place)]);
}

void FrontPlot::keyPressEvent(QKeyEvent* event) {
    const int all = static_cast<int>(m_order.size());
    switch (event->key()) {
        case Qt::Key_Left:
            step(-1);
            break;
        case Qt::Key_Right:
            step(1);
            break;
        case Qt::Key_Home:
            step(-all);
            break;
        case Qt::Key_End:
            step(all);
            break;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (m_current) emit pointChosen(*m_current);
            break;
        default:
            QCustomPlot::keyPressEvent(event);
            return;
    }
    event->accept();
}

void FrontPlot::focusInEvent(QFocusEvent* event) {
    QCustomPlot::focusInEvent(event);
    if (!m_current) step(1);
}

void FrontPlot::resizeEvent(QResizeEvent* event) {
    QCustomPlot::resizeEvent(event);
    redraw();
}

}  // namespace rankscope::ui
