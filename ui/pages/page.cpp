// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/page.h"

#include "ui/dialogs/export_dialog.h"

namespace rankscope::ui {

QString Page::exportFigure(const QString& name) {
    return ui::exportFigure(figure().value(), name + QStringLiteral(".pdf"), this);
}

}  // namespace rankscope::ui
