// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QImage>
#include <QString>

namespace rankscope::ui {

/// Sides in pixels of the pictures that an installation has of the icon.
inline constexpr int iconSizes[] = {16, 22, 24, 32, 48, 64, 96, 128, 256, 512};

/// An SVG file as a square picture, transparent outside; null if the file cannot be read.
QImage drawnIcon(const QString& svg, int size);

/// The icon of windows, drawn from the SVG in each size up to 256, so that no plugin of Qt's for
/// SVG has to be there; null if the file cannot be read.
QIcon applicationIcon(const QString& svg);

}  // namespace rankscope::ui
