// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/application_icon.h"

#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

namespace rankscope::ui {

QImage drawnIcon(const QString& svg, int size) {
    QSvgRenderer renderer(svg);
    if (!renderer.isValid()) return {};
    QImage image(size, size, QImage::Format_ARGB32);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    renderer.render(&painter);
    return image;
}

QIcon applicationIcon(const QString& svg) {
    constexpr int largest = 256;
    QIcon icon;
    for (const int size : iconSizes) {
        const QImage image = size <= largest ? drawnIcon(svg, size) : QImage();
        if (!image.isNull()) icon.addPixmap(QPixmap::fromImage(image));
    }
    return icon;
}

}  // namespace rankscope::ui
