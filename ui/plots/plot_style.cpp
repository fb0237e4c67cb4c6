// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/plot_style.h"

#include <QCoreApplication>

namespace rankscope::ui {

QString tr(const char* text) { return QCoreApplication::translate("Plots", text); }

QFont pixelFont(int pixels) {
    QFont font;
    font.setPixelSize(pixels);
    return font;
}

}  // namespace rankscope::ui
