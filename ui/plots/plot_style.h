// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QString>

namespace rankscope::ui {

/// A text of a plot in the user's language.
QString tr(const char* text);

inline constexpr int fontPixels = 12;
inline const QColor inkColor(0x22, 0x22, 0x22);

/// The default font in this height, in pixels.
QFont pixelFont(int pixels);

}  // namespace rankscope::ui
