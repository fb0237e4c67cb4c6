// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/rank_plot.h"

#include <algorithm>
#include <cmath>

#include "ui/plots/plot_drawing.h"
#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

constexpr double linePixels = 8;
const QColor lineColor(0x33, 0x33, 0x33);

}  // namespace

RankPlot::RankPlot(const QString& accessibleName, QWidget* parent) : QCustomPlot(parent) {
    setAccessibleName(accessibleName);
    setFocusPolicy(Qt::StrongFocus);
    setMinimumSize(260, 220);
    setToolTip(
        tr("Drag the rank line, or use Left, Right (with Shift: 10), Home and End.\n"
           "Drag elsewhere to move, turn the wheel to zoom, double-click to show all."));
    setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    setNoAntialiasingOnDrag(true);
    // The line has a layer with a buffer of its own, so that moving it does not redraw curves.
    addLayer(QStringLiteral("rankline"), layer(QStringLiteral("legend")), QCustomPlot::limAbove);
    layer(QStringLiteral("rankline"))->setMode(QCPLayer::lmBuffered);
    m_line = new QCPItemStraightLine(this);
    m_line->setLayer(QStringLiteral("rankline"));
    m_line->setPen(QPen(lineColor, 1));
    m_text = new QCPItemText(this);
    m_text->setLayer(QStringLiteral("rankline"));
    m_text->setPositionAlignment(Qt::AlignLeft | Qt::AlignBottom);
    m_text->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_text->position->setCoords(0.015, 0.975);
    m_text->setTextAlignment(Qt::AlignLeft);
    m_text->setFont(pixelFont(fontPixels));
    m_text->setPadding(QMargins(5, 3, 5, 3));
    m_text->setBrush(QColor(255, 255, 255, 235));
    m_text->setPen(QPen(QColor(170, 170, 170)));
    m_note = new QCPItemText(this);
    m_note->setPositionAlignment(Qt::AlignRight | Qt::AlignBottom);
    m_note->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_note->position->setCoords(0.985, 0.05);
    m_note->setFont(pixelFont(fontPixels - 1));
    m_note->setColor(QColor(90, 90, 90));
    drawLine();
}

void RankPlot::setPlotData(PlotData data, bool keepView) {
    const bool sameAxes = keepView && data.xTitle == m_data.xTitle &&
                          data.yTitle == m_data.yTitle && data.logX == m_data.logX &&
                          data.logY == m_data.logY && data.largestRank == m_data.largestRank;
    const QCPRange x = xAxis->range();
    const QCPRange y = yAxis->range();
    const bool zoomed = sameAxes && (x.lower != m_data.xLower || x.upper != m_data.xUpper ||
                                     y.lower != m_data.yLower || y.upper != m_data.yUpper);
    m_data = std::move(data);
    drawPlot(*axisRect(), m_data, legend, fontPixels);
    if (zoomed) {
        xAxis->setRange(x);
        yAxis->setRange(y);
    }
    m_note->setText(m_data.note);
    m_note->setVisible(!m_data.note.isEmpty() && !m_data.curves.empty());
    drawLine();
    replot(QCustomPlot::rpQueuedReplot);
}

void RankPlot::setRank(std::int64_t rank, const QString& readout) {
    m_rank = rank;
    m_readout = readout;
    drawLine();
    layer(QStringLiteral("rankline"))->replot();
}

double RankPlot::linePixel() const { return xAxis->coordToPixel(static_cast<double>(m_rank)); }

void RankPlot::showEverything() {
    xAxis->setRange(m_data.xLower, m_data.xUpper);
    yAxis->setRange(m_data.yLower, m_data.yUpper);
    replot();
}

void RankPlot::drawLine() {
    const auto x = static_cast<double>(m_rank);
    const bool any = !m_data.curves.empty();
    m_line->setVisible(any);
    m_line->point1->setCoords(x, m_data.yLower);
    m_line->point2->setCoords(x, m_data.yUpper);
    m_line->setPen(QPen(lineColor, hasFocus() ? 2 : 1));
    m_text->setText(m_readout);
    m_text->setVisible(any && !m_readout.isEmpty());
    setAccessibleDescription(m_readout);
}

bool RankPlot::isOnLine(const QPointF& position) const {
    return !m_data.curves.empty() && axisRect()->rect().contains(position.toPoint()) &&
           std::abs(position.x() - linePixel()) <= linePixels;
}

void RankPlot::moveTo(std::int64_t rank) {
    rank = std::clamp<std::int64_t>(rank, 1, m_data.largestRank);
    if (rank != m_rank && !m_data.curves.empty()) emit rankMoved(rank);
}

void RankPlot::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && isOnLine(event->position())) {
        m_dragging = true;
        setCursor(Qt::SplitHCursor);
        event->accept();
        return;
    }
    QCustomPlot::mousePressEvent(event);
}

void RankPlot::mouseMoveEvent(QMouseEvent* event) {
    if (m_dragging) {
        moveTo(std::llround(xAxis->pixelToCoord(event->position().x())));
        event->accept();
        return;
    }
    setCursor(isOnLine(event->position()) ? Qt::SplitHCursor : Qt::ArrowCursor);
    QCustomPlot::mouseMoveEvent(event);
}

void RankPlot::mouseReleaseEvent(QMouseEvent* event) {
    if (m_dragging && event->button() == Qt::LeftButton) {
        m_dragging = false;
        moveTo(std::llround(xAxis->pixelToCoord(event->position().x())));
        event->accept();
        return;
    }
    QCustomPlot::mouseReleaseEvent(event);
}

void RankPlot::mouseDoubleClickEvent(QMouseEvent* event) {
    showEverything();
    event->accept();
}

void RankPlot::keyPressEvent(QKeyEvent* event) {
    const std::int64_t step = event->modifiers().testFlag(Qt::ShiftModifier) ? 10 : 1;
    switch (event->key()) {
        case Qt::Key_Left:
            moveTo(m_rank - step);
            break;
        case Qt::Key_Right:
            moveTo(m_rank + step);
            break;
        case Qt::Key_Home:
            moveTo(1);
            break;
        case Qt::Key_End:
            moveTo(m_data.largestRank);
            break;
        default:
            QCustomPlot::keyPressEvent(event);
            return;
    }
    event->accept();
}

void RankPlot::focusInEvent(QFocusEvent* event) {
    QCustomPlot::focusInEvent(event);
    drawLine();
    layer(QStringLiteral("rankline"))->replot();
}

void RankPlot::focusOutEvent(QFocusEvent* event) {
    QCustomPlot::focusOutEvent(event);
    drawLine();
    layer(QStringLiteral("rankline"))->replot();
}

}  // namespace rankscope::ui
