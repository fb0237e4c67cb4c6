// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/plot_export.h"

#include <QBuffer>
#include <QFileInfo>
#include <QPdfWriter>
#include <QSvgGenerator>
#include <cmath>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "ui/plots/plot_drawing.h"

namespace rankscope::ui {

using report::FigureSize;

namespace {

constexpr double mmPerInch = 25.4;
constexpr int layoutDpi = 96;

void draw(QCustomPlot& plot, QPaintDevice& device, const QSize& pixels, double scale, bool vector) {
    QCPPainter painter;
    if (!painter.begin(&device))
        throw Error("The figure could not be drawn: too little memory for its size");
    painter.setMode(QCPPainter::pmNoCaching);
    painter.setMode(QCPPainter::pmNonCosmetic);
    if (vector) painter.setMode(QCPPainter::pmVectorized);
    painter.scale(scale, scale);
    plot.toPainter(&painter, pixels.width(), pixels.height());
}

QByteArray png(QCustomPlot& plot, const FigureSize& size) {
    const double scale = static_cast<double>(size.dpi) / layoutDpi;
    QImage image(static_cast<int>(std::lround(size.widthMm / mmPerInch * size.dpi)),
                 static_cast<int>(std::lround(size.heightMm / mmPerInch * size.dpi)),
                 QImage::Format_RGB32);
    if (image.isNull())
        throw Error("The figure could not be drawn: too little memory for its size");
    image.fill(Qt::white);
    draw(plot, image, layoutPixels(size), scale, false);
    // Afterwards: a painter takes the image's resolution for the size of its text.
    const int dotsPerMeter = static_cast<int>(std::lround(size.dpi / mmPerInch * 1000));
    image.setDotsPerMeterX(dotsPerMeter);
    image.setDotsPerMeterY(dotsPerMeter);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    image.save(&buffer, "PNG");
    return bytes;
}

QByteArray pdf(QCustomPlot& plot, const FigureSize& size, const QString& title) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    {
        QPdfWriter writer(&buffer);
        writer.setResolution(layoutDpi);
        writer.setPageSize(QPageSize(QSizeF(size.widthMm, size.heightMm), QPageSize::Millimeter,
                                     QString(), QPageSize::ExactMatch));
        writer.setPageMargins(QMarginsF(0, 0, 0, 0));
        writer.setTitle(title);
        writer.setCreator(QStringLiteral("Rankscope"));
        draw(plot, writer, layoutPixels(size), 1, true);
    }
    return bytes;
}

QByteArray svg(QCustomPlot& plot, const FigureSize& size, const QString& title) {
    for (QCPAxisRect* rect : plot.axisRects()) clipCurves(*rect);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    {
        QSvgGenerator generator;
        generator.setOutputDevice(&buffer);
        generator.setResolution(layoutDpi);
        generator.setSize(layoutPixels(size));
        generator.setViewBox(QRect(QPoint(0, 0), layoutPixels(size)));
        generator.setTitle(title);
        generator.setDescription(QStringLiteral("Made by Rankscope"));
        draw(plot, generator, layoutPixels(size), 1, true);
    }
    return bytes;
}

}  // namespace

QSize layoutPixels(const FigureSize& size) {
    return {static_cast<int>(std::lround(size.widthMm / mmPerInch * layoutDpi)),
            static_cast<int>(std::lround(size.heightMm / mmPerInch * layoutDpi))};
}

void checkSize(const FigureSize& size) {
    const auto inRange = [](double mm) { return mm >= 20 && mm <= 1000; };
    if (!inRange(size.widthMm) || !inRange(size.heightMm))
        throw usageError("A figure is 20 to 1000 mm wide and high");
    if (size.dpi < 30 || size.dpi > 1200)
        throw usageError("The resolution of a figure is 30 to 1200 dpi");
    const double perMm = size.dpi / mmPerInch;
    if (size.widthMm * perMm * size.heightMm * perMm > 2e8) {
        throw usageError(
            "The figure would have more than 200 million pixels: "
            "choose a smaller size or resolution");
    }
}

void writeFigure(QCustomPlot& plot, const QString& path, const FigureSize& size,
                 const QString& title) {
    checkSize(size);
    const QString ending = QFileInfo(path).suffix().toLower();
    QByteArray bytes;
    if (ending == QLatin1String("png")) {
        bytes = png(plot, size);
    } else if (ending == QLatin1String("pdf")) {
        bytes = pdf(plot, size, title);
    } else if (ending == QLatin1String("svg")) {
        bytes = svg(plot, size, title);
    } else {
        throw usageError("A figure is written to a file that ends in .png, .pdf or .svg, not " +
                             printable(path.toStdString()),
                         path.toStdString());
    }
    writeFileAtomically(path.toStdString(), bytes.toStdString());
}

}  // namespace rankscope::ui
