// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/bar_plot.h"

#include <QFontMetrics>
#include <cmath>

#include "ui/plots/plot_drawing.h"
#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

constexpr double barWidth = 0.6;  // of the distance between two bars
// Told apart by more than colour: also in print.
constexpr Qt::BrushStyle fills[] = {Qt::SolidPattern,  Qt::BDiagPattern, Qt::Dense4Pattern,
                                    Qt::FDiagPattern,  Qt::CrossPattern, Qt::HorPattern,
                                    Qt::Dense6Pattern, Qt::VerPattern};

}  // namespace

BarPlot::BarPlot(const QString& accessibleName, QWidget* parent) : QCustomPlot(parent) {
    setAccessibleName(accessibleName);
    setFocusPolicy(Qt::StrongFocus);
    setMinimumSize(240, 180);
    for (QCPAxis* axis : {xAxis, yAxis}) {
        axis->setLabelFont(pixelFont(fontPixels));
        axis->setTickLabelFont(pixelFont(fontPixels));
        axis->setLabelPadding(4);
    }
    for (QCPAxis* axis : {xAxis2, yAxis2}) {
        axis->setVisible(true);
        axis->setTicks(false);
        axis->setTickLabels(false);
    }
    xAxis->setTickLength(0, 0);
    xAxis->setSubTicks(false);
    xAxis->grid()->setVisible(false);
    yAxis->setNumberFormat(QStringLiteral("gbc"));
    yAxis->setNumberPrecision(6);
    yAxis->grid()->setPen(QPen(QColor(225, 225, 225), 1));
    yAxis->grid()->setZeroLinePen(QPen(inkColor, 1));
}

void BarPlot::setBars(BarData data) {
    m_data = std::move(data);
    clearPlottables();
    clearItems();
    for (std::size_t i = 0; i < m_data.bars.size(); ++i) addBar(i);
    yAxis->setLabel(m_data.yTitle);
    yAxis->setRange(m_data.yLower, m_data.yUpper);
    xAxis->setRange(0.4, static_cast<double>(std::max<std::size_t>(1, m_data.bars.size())) + 0.6);
    setLabels();
    QStringList words;
    for (const Bar& bar : m_data.bars) {
        words << (bar.hasInterval
                      ? tr("%1: %2 (%3 to %4)").arg(bar.label, bar.text).arg(bar.low).arg(bar.high)
                      : tr("%1: %2").arg(bar.label, bar.text));
    }
    setAccessibleDescription(words.join(QStringLiteral("; ")));
    setToolTip(words.join(QLatin1Char('\n')));
    replot(QCustomPlot::rpQueuedReplot);
}

void BarPlot::addBar(std::size_t place) {
    const Bar& bar = m_data.bars[place];
    const double x = static_cast<double>(place) + 1;
    const QColor color = curvePen(place).color();
    auto* drawn = new QCPBars(xAxis, yAxis);
    drawn->setWidth(barWidth);
    drawn->setPen(QPen(color, 1));
    drawn->setBrush(QBrush(color, fills[place % std::size(fills)]));
    drawn->addData(x, bar.value);
    double top = bar.value;
    if (bar.hasInterval) {
        auto* errors = new QCPErrorBars(xAxis, yAxis);
        errors->setPen(QPen(inkColor, 1));
        errors->setWhiskerWidth(10);
        errors->setSymbolGap(0);
        errors->setDataPlottable(drawn);
        errors->addData(bar.value - bar.low, bar.high - bar.value);
        top = bar.value < 0 ? bar.low : bar.high;
    }
    auto* number = new QCPItemText(this);
    number->setText(bar.text);
    number->setFont(pixelFont(fontPixels));
    number->setColor(inkColor);
    number->setPadding(QMargins(0, 3, 0, 3));
    number->setPositionAlignment(Qt::AlignHCenter |
                                 (bar.value < 0 ? Qt::AlignTop : Qt::AlignBottom));
    number->position->setCoords(x, top);
}

void BarPlot::setLabels() {
    QSharedPointer<QCPAxisTickerText> ticker(new QCPAxisTickerText);
    const double room = static_cast<double>(axisRect()->width()) /
                        (xAxis->range().size() > 0 ? xAxis->range().size() : 1);
    const QFontMetrics metrics(xAxis->tickLabelFont());
    for (std::size_t i = 0; i < m_data.bars.size(); ++i) {
        ticker->addTick(static_cast<double>(i) + 1,
                        metrics.elidedText(m_data.bars[i].label, Qt::ElideMiddle,
                                           static_cast<int>(std::max(30.0, room - 6))));
    }
    xAxis->setTicker(ticker);
}

void BarPlot::resizeEvent(QResizeEvent* event) {
    QCustomPlot::resizeEvent(event);
    setLabels();
}

}  // namespace rankscope::ui
