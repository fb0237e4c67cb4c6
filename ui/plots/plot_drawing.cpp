// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/plot_drawing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rankscope::ui {

namespace {

// Okabe and Ito's palette, those with the best contrast on white first.
constexpr QRgb palette[] = {0xff0072b2, 0xffd55e00, 0xff009e73, 0xffcc79a7,
                            0xff000000, 0xffe69f00, 0xff56b4e9, 0xff666666};
constexpr Qt::PenStyle styles[] = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine,
                                   Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};

constexpr QCPScatterStyle::ScatterShape shapes[] = {QCPScatterStyle::ssDisc,
                                                    QCPScatterStyle::ssSquare,
                                                    QCPScatterStyle::ssTriangle,
                                                    QCPScatterStyle::ssDiamond,
                                                    QCPScatterStyle::ssTriangleInverted,
                                                    QCPScatterStyle::ssCircle,
                                                    QCPScatterStyle::ssPlus,
                                                    QCPScatterStyle::ssCross};
constexpr double markerPixels = 7;
constexpr int markersOnACurve = 10;
constexpr double markedLineWidth = 1.6;
constexpr int lineAlpha = 110, bandAlpha = 60;  // of overlays

const QStringList& roleOrder() {
    static const QStringList order{
        QStringLiteral("q"),    QStringLiteral("k"),    QStringLiteral("v"),
        QStringLiteral("o"),    QStringLiteral("wi_0"), QStringLiteral("wi_1"),
        QStringLiteral("wo"),   QStringLiteral("wi"),   QStringLiteral("embedding"),
        QStringLiteral("head"), QStringLiteral("other")};
    return order;
}

void setScale(QCPAxis& axis, bool logarithmic) {
    axis.setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (logarithmic) {
        axis.setTicker(QSharedPointer<QCPAxisTickerLog>(new QCPAxisTickerLog));
        axis.setNumberFormat(QStringLiteral("ebc"));
        axis.setNumberPrecision(0);
    } else {
        axis.setTicker(QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
        axis.setNumberFormat(QStringLiteral("gbc"));
        axis.setNumberPrecision(6);
    }
}

void setFonts(QCPAxis& axis, int pixels) {
    QFont font = axis.labelFont();
    font.setPixelSize(pixels);
    axis.setLabelFont(font);
    axis.setTickLabelFont(font);
    axis.setLabelPadding(3);
}

QVector<double> toVector(const std::vector<double>& values) {
    return {values.begin(), values.end()};
}

/// Legend entries of a grouped plot: one invisible curve a role in use.
void addGroupLegend(QCPAxisRect& rect, const PlotData& data) {
    std::map<qsizetype, QString> used;
    for (const Curve& curve : data.curves)
        used.emplace(roleOrder().indexOf(curve.group), curve.group);
    for (const auto& [place, group] : used) {
        auto* sample =
            rect.parentPlot()->addGraph(rect.axis(QCPAxis::atBottom), rect.axis(QCPAxis::atLeft));
        sample->setPen(groupPen(group));
        sample->setName(group);
    }
}

/// Curves that lie close together all over leave no room for a legend among them.
void moveBelow(QCPAxisRect& rect, QCPLegend& legend) {
    constexpr int rows = 3;
    legend.setFillOrder(QCPLegend::foRowsFirst);
    legend.setWrap(rows);
    legend.setBorderPen(Qt::NoPen);
    legend.setColumnSpacing(16);
    legend.setMargins(QMargins(40, 0, 4, 4));
    if (legend.layout() != rect.insetLayout()) return;
    auto* plots = rect.parentPlot()->plotLayout();
    rect.insetLayout()->take(&legend);
    plots->addElement(plots->rowCount(), 0, &legend);
    plots->setRowStretchFactor(plots->rowCount() - 1, 0.001);
}

std::size_t styleOf(const PlotData& data, std::size_t curve) {
    const int own = data.curves[curve].style;
    return (own < 0 ? curve : static_cast<std::size_t>(own)) % std::size(palette);
}

/// About ten markers along the curve, at other ranks than other curves have theirs, so that none
/// hides another. They are a graph of their own; the curve itself has one, for the legend.
void addMarkers(QCPGraph& graph, const PlotData& data, std::size_t place) {
    const Curve& curve = data.curves[place];
    QCPScatterStyle style(shapes[styleOf(data, place)], markerPixels);
    style.setPen(QPen(graph.pen().color(), 1.2));
    graph.setScatterStyle(style);
    if (curve.points) {
        graph.setLineStyle(QCPGraph::lsNone);
        graph.setScatterSkip(static_cast<int>(curve.x.size()) / (2 * markersOnACurve));
        return;
    }
    graph.setScatterSkip(static_cast<int>(curve.x.size()));
    const std::size_t step = std::max<std::size_t>(1, curve.x.size() / markersOnACurve);
    auto* markers = graph.parentPlot()->addGraph(graph.keyAxis(), graph.valueAxis());
    markers->setLineStyle(QCPGraph::lsNone);
    markers->setScatterStyle(style);
    for (std::size_t i = styleOf(data, place) * step / std::size(shapes); i < curve.x.size();
         i += step)
        markers->addData(curve.x[i], curve.y[i]);
}

/// A point in axis space: plain if linear, else its logarithm.
double toAxisSpace(const QCPAxis& axis, double value) {
    return axis.scaleType() == QCPAxis::stLogarithmic ? std::log(value) : value;
}
double fromAxisSpace(const QCPAxis& axis, double value) {
    return axis.scaleType() == QCPAxis::stLogarithmic ? std::exp(value) : value;
}

struct Box {
    double left, right, bottom, top;
};

/// Liang-Barsky: the part of the segment inside the box as parameters from, to; false if none.
bool clipSegment(QPointF a, QPointF b, const Box& box, double& from, double& to) {
    const double dx = b.x() - a.x();
    const double dy = b.y() - a.y();
    const double p[] = {-dx, dx, -dy, dy};
    const double q[] = {a.x() - box.left, box.right - a.x(), a.y() - box.bottom, box.top - a.y()};
    from = 0;
    to = 1;
    for (int side = 0; side < 4; ++side) {
        if (p[side] == 0) {
            if (q[side] < 0) return false;
            continue;
        }
        const double t = q[side] / p[side];
        if (p[side] < 0)
            from = std::max(from, t);
        else
            to = std::min(to, t);
    }
    return from <= to;
}

}  // namespace

QPen curvePen(std::size_t index) {
    const std::size_t place = index % std::size(palette);
    return {QColor::fromRgb(palette[place]), 1, styles[place]};
}

QPen groupPen(const QString& group) {
    const auto place = roleOrder().indexOf(group);
    const auto index = static_cast<std::size_t>(place < 0 ? roleOrder().size() - 1 : place);
    return curvePen(std::min(index, std::size(palette) - 1));
}

QPen penOf(const PlotData& data, std::size_t curve) {
    if (curve == noCurve) return {QColor(80, 80, 80), data.markers ? markedLineWidth : 1.0};
    QPen pen = curvePen(styleOf(data, curve));
    if (data.markers) {
        pen.setStyle(Qt::SolidLine);
        pen.setWidthF(markedLineWidth);
    }
    return pen;
}

namespace {

QCPGraph* addGraph(QCPAxisRect& rect, const std::vector<double>& x, const std::vector<double>& y) {
    auto* graph =
        rect.parentPlot()->addGraph(rect.axis(QCPAxis::atBottom), rect.axis(QCPAxis::atLeft));
    graph->setData({x.begin(), x.end()}, {y.begin(), y.end()}, true);
    return graph;
}

void addToLegend(QCPLegend* legend, QCPGraph& graph, const QString& label) {
    if (legend && !label.isEmpty()) {
        graph.setName(label);
        graph.addToLegend(legend);
    }
}

QColor faded(const PlotData& data, std::size_t curve, int alpha) {
    QColor color = penOf(data, curve).color();
    color.setAlpha(alpha);
    return color;
}

/// In the colours of their curves; those with a label go to the legend.
void drawOverlays(QCPAxisRect& rect, const PlotData& data, QCPLegend* legend) {
    for (const Overlay& overlay : data.overlays) {
        QCPGraph* low = addGraph(rect, overlay.x, overlay.low);
        if (overlay.plain) {
            const QPen pen = penOf(data, overlay.curve);
            low->setPen(overlay.dashed ? QPen(pen.color(), 1, Qt::DashLine) : pen);
            addToLegend(legend, *low, overlay.label);
            continue;
        }
        if (overlay.high.empty()) {
            low->setPen(QPen(faded(data, overlay.curve, lineAlpha), 4));
            addToLegend(legend, *low, overlay.label);
            continue;
        }
        QCPGraph* high = addGraph(rect, overlay.x, overlay.high);
        low->setPen(Qt::NoPen);
        high->setPen(Qt::NoPen);
        high->setBrush(faded(data, overlay.curve, bandAlpha));
        high->setChannelFillGraph(low);
        addToLegend(legend, *high, overlay.label);
    }
}

}  // namespace

void drawPlot(QCPAxisRect& rect, const PlotData& data, QCPLegend* legend, int fontPixels) {
    QCustomPlot& plot = *rect.parentPlot();
    auto* x = rect.axis(QCPAxis::atBottom);
    auto* y = rect.axis(QCPAxis::atLeft);
    for (QCPGraph* graph : rect.graphs()) plot.removeGraph(graph);
    setScale(*x, data.logX);
    setScale(*y, data.logY);
    if (data.logX) {  // ranks are read as plain numbers: 1, 10, 100
        x->setNumberFormat(QStringLiteral("gbc"));
        x->setNumberPrecision(6);
    }
    for (QCPAxis* axis : {x, y}) {
        setFonts(*axis, fontPixels);
        axis->grid()->setPen(QPen(QColor(225, 225, 225), 1));
        axis->grid()->setZeroLinePen(Qt::NoPen);
    }
    for (const auto type : {QCPAxis::atTop, QCPAxis::atRight}) {
        auto* axis = rect.axis(type);
        axis->setVisible(true);
        axis->setTicks(false);
        axis->setTickLabels(false);
    }
    x->setLabel(data.xTitle);
    y->setLabel(data.yTitle);
    plot.setAutoAddPlottableToLegend(false);
    const bool named = data.curves.size() <= mostNamedCurves;
    QList<QCPGraph*> curves;
    for (std::size_t i = 0; i < data.curves.size(); ++i) {
        const Curve& curve = data.curves[i];
        auto* graph = plot.addGraph(x, y);
        curves << graph;
        QPen pen = named ? penOf(data, i) : groupPen(curve.group);
        pen.setWidth(curve.width);
        graph->setPen(pen);
        graph->setName(curve.label);
        graph->setData(toVector(curve.x), toVector(curve.y), true);
        if (data.markers) addMarkers(*graph, data, i);
    }
    if (!named) addGroupLegend(rect, data);
    if (legend) {
        legend->clearItems();
        QFont font = legend->font();
        font.setPixelSize(fontPixels);
        legend->setFont(font);
        legend->setBrush(QColor(255, 255, 255, 225));
        legend->setBorderPen(QColor(200, 200, 200));
        legend->setRowSpacing(0);
        if (data.markers) moveBelow(rect, *legend);
        // Labels beside overlays are long; markers and dashes need their room.
        legend->setIconSize(data.overlays.empty() || data.markers ? 32 : 20, 18);
        for (QCPGraph* graph : named ? curves : rect.graphs().mid(curves.size()))
            graph->addToLegend(legend);
        legend->setVisible(data.curves.size() > 1 || !data.overlays.empty());
        // Falling curves leave the lower left free on logarithmic axes, the upper right on plain
        // ones; below the legend stands the readout.
        if (!data.markers) {
            auto* inset = rect.insetLayout();
            inset->setInsetAlignment(0, data.logY && !data.logX ? Qt::AlignLeft | Qt::AlignBottom
                                                                : Qt::AlignRight | Qt::AlignTop);
            inset->setMargins(QMargins(8, 8, 8, 46));
        }
    }
    drawOverlays(rect, data, legend);
    x->setRange(data.xLower, data.xUpper);
    y->setRange(data.yLower, data.yUpper);
}

void clipCurves(QCPAxisRect& rect) {
    const QCPAxis& x = *rect.axis(QCPAxis::atBottom);
    const QCPAxis& y = *rect.axis(QCPAxis::atLeft);
    const Box box{toAxisSpace(x, x.range().lower), toAxisSpace(x, x.range().upper),
                  toAxisSpace(y, y.range().lower), toAxisSpace(y, y.range().upper)};
    for (QCPGraph* graph : rect.graphs()) {
        if (graph->lineStyle() == QCPGraph::lsNone)
            continue;  // signs alone: there is no line to cut
        QVector<double> keys;
        QVector<double> values;
        const auto append = [&](QPointF point) {
            keys << fromAxisSpace(x, point.x());
            values << fromAxisSpace(y, point.y());
        };
        const auto& points = *graph->data();
        for (auto point = points.constBegin(); point != points.constEnd(); ++point) {
            const auto next = point + 1;
            if (next == points.constEnd() || std::isnan(point->value) || std::isnan(next->value))
                continue;
            const QPointF a(toAxisSpace(x, point->key), toAxisSpace(y, point->value));
            const QPointF b(toAxisSpace(x, next->key), toAxisSpace(y, next->value));
            double from = 0;
            double to = 1;
            if (!clipSegment(a, b, box, from, to)) continue;
            // The ends themselves, not a + 1·(b - a): only then do neighbours meet exactly.
            const QPointF start = from > 0 ? a + from * (b - a) : a;
            const QPointF end = to < 1 ? a + to * (b - a) : b;
            if (from > 0 || keys.isEmpty() || keys.back() != fromAxisSpace(x, a.x())) {
                keys << fromAxisSpace(x, start.x());
                values << std::numeric_limits<double>::quiet_NaN();
                append(start);
            }
            append(end);
        }
        graph->setData(keys, values, true);
    }
}

}  // namespace rankscope::ui
