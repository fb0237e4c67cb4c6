// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/scan_plot.h"

#include <QLocale>
#include <algorithm>
#include <cmath>

#include "ui/plots/front_series.h"
#include "ui/plots/plot_drawing.h"
#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

const QColor keptColor(0xd5, 0x5e, 0x00);

QString fourDigits(double value) { return QLocale::c().toString(value, 'g', 4); }

}  // namespace

PlotData scanData(const spectra::PowerLawFit& fit) {
    PlotData data;
    data.xTitle = tr("x_min, eigenvalue σ²");
    data.yTitle = tr("KS distance");
    data.logX = true;
    data.logY = false;
    if (fit.failed || fit.scan.empty()) return data;
    Curve curve;
    curve.label = tr("Kolmogorov-Smirnov distance");
    double high = 0;
    for (const spectra::PowerLawCandidate& candidate : fit.scan) {
        curve.x.push_back(candidate.xMin);
        curve.y.push_back(candidate.ksDistance);
        high = std::max(high, candidate.ksDistance);
    }
    data.xLower = fit.scan.front().xMin / 1.1;
    data.xUpper = fit.scan.back().xMin * 1.1;
    data.yLower = 0;
    data.yUpper = high > 0 ? 1.12 * high : 1;
    data.curves = {std::move(curve)};
    return data;
}

QString scanReadout(const spectra::PowerLawFit& fit, std::size_t place) {
    if (place >= fit.scan.size()) return {};
    const spectra::PowerLawCandidate& candidate = fit.scan[place];
    return tr("x_min %1: α %2, KS distance %3, %4 eigenvalues in the tail%5")
        .arg(fourDigits(candidate.xMin), fourDigits(candidate.alpha),
             fourDigits(candidate.ksDistance))
        .arg(candidate.tail)
        .arg(candidate.xMin == fit.xMin ? tr(" (kept: the least distance)") : QString());
}

ScanPlot::ScanPlot(QWidget* parent) : QCustomPlot(parent) {
    setAccessibleName(ScanPlot::tr("Kolmogorov-Smirnov distance against x_min"));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setMinimumSize(260, 130);
}

void ScanPlot::setFit(spectra::PowerLawFit fit) {
    m_fit = std::move(fit);
    const PlotData data = scanData(m_fit);
    drawPlot(*axisRect(), data, nullptr, fontPixels);
    legend->setVisible(false);
    // Few decades: powers of ten alone would hardly label the axis.
    constexpr double fewDecades = 1e3;
    if (data.xUpper / data.xLower < fewDecades) {
        QSharedPointer<QCPAxisTickerText> ticker(new QCPAxisTickerText);
        for (const double tick : logarithmicTicks(data.xLower, data.xUpper))
            ticker->addTick(tick, QString::number(tick, 'g', 3));
        xAxis->setTicker(ticker);
    } else {
        xAxis->setNumberFormat(QStringLiteral("ebc"));
        xAxis->setNumberPrecision(0);
    }
    m_current = kept();
    drawMarks();
    emit currentChanged();
}

std::size_t ScanPlot::kept() const {
    const auto found = std::ranges::find(m_fit.scan, m_fit.xMin, &spectra::PowerLawCandidate::xMin);
    return found == m_fit.scan.end() ? 0 : static_cast<std::size_t>(found - m_fit.scan.begin());
}

void ScanPlot::drawMarks() {
    clearItems();
    while (graphCount() > 1) removeGraph(graphCount() - 1);
    const auto mark = [this](std::size_t place, const QCPScatterStyle& style) {
        auto* graph = addGraph();
        graph->setLineStyle(QCPGraph::lsNone);
        graph->setScatterStyle(style);
        graph->addData(m_fit.scan[place].xMin, m_fit.scan[place].ksDistance);
    };
    if (graphCount() == 1 && m_current < m_fit.scan.size()) {
        auto* line = new QCPItemStraightLine(this);
        line->setPen(QPen(keptColor, 1, Qt::DashLine));
        line->point1->setCoords(m_fit.xMin, 0);
        line->point2->setCoords(m_fit.xMin, 1);
        mark(kept(), {QCPScatterStyle::ssDisc, QPen(keptColor, 1), QBrush(keptColor), 8});
        mark(m_current, {QCPScatterStyle::ssCircle, QPen(inkColor, 1.5), Qt::NoBrush, 13});
    }
    setAccessibleDescription(m_fit.failed ? QString::fromStdString(m_fit.reason)
                                          : scanReadout(m_fit, m_current));
    replot(QCustomPlot::rpQueuedReplot);
}

void ScanPlot::moveTo(std::size_t place) {
    if (place < m_fit.scan.size() && place != m_current) {
        m_current = place;
        drawMarks();
        emit currentChanged();
    }
}

void ScanPlot::mouseMoveEvent(QMouseEvent* event) {
    QCustomPlot::mouseMoveEvent(event);
    if (m_fit.scan.empty() || !axisRect()->rect().contains(event->pos())) return;
    const auto away = [&](const spectra::PowerLawCandidate& candidate) {
        return std::abs(xAxis->coordToPixel(candidate.xMin) - event->position().x());
    };
    const auto nearest = std::ranges::min_element(m_fit.scan, {}, away);
    moveTo(static_cast<std::size_t>(nearest - m_fit.scan.begin()));
}

void ScanPlot::keyPressEvent(QKeyEvent* event) {
    const std::size_t last = m_fit.scan.empty() ? 0 : m_fit.scan.size() - 1;
    switch (event->key()) {
        case Qt::Key_Left:
            moveTo(m_current > 0 ? m_current - 1 : 0);
            break;
        case Qt::Key_Right:
            moveTo(std::min(last, m_current + 1));
            break;
        case Qt::Key_Home:
            moveTo(0);
            break;
        case Qt::Key_End:
            moveTo(last);
            break;
        default:
            QCustomPlot::keyPressEvent(event);
            return;
    }
    event->accept();
}

}  // namespace rankscope::ui
