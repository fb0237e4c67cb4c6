// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/wording.h"

namespace rankscope::ui {

QString toQString(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

}  // namespace rankscope::ui
