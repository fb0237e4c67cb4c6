// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/wording.h"

#include <QLocale>

namespace rankscope::ui {

QString toQString(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString fixed(double value, int decimals) { return QLocale::c().toString(value, 'f', decimals); }

}  // namespace rankscope::ui
