// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFont>
#include <QString>

namespace rankscope::ui {

/// A text of a plot in the user's language.
QString tr(const char* text);

/// The default font in this height, in pixels.
QFont pixelFont(int pixels);

}  // namespace rankscope::ui
