// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QWidget>
#include <optional>
#include <string>
#include <vector>

#include "core/report/figure_request.h"

namespace rankscope::ui {

/// Shown numbers as CSV, with the name that a file of them has beside the model's.
struct NamedTable {
    QString name;
    std::string csv;
};

/// A page of the window, or a view within one: what of it can be exported.
class Page : public QWidget {
    Q_OBJECT
 public:
    using QWidget::QWidget;

    /// The plots as they stand, zoom included; `out` and `size` are left to the caller. Nothing if
    /// there is no such figure.
    virtual std::optional<report::FigureRequest> figure() const { return std::nullopt; }
    /// Why there is nothing to export; empty if there is a figure.
    virtual QString whyNoFigure() const { return {}; }
    virtual std::vector<NamedTable> tables() const { return {}; }
    /// Asks how and where, and writes the figure, which there must be; `name` is proposed, without
    /// an ending. The file written, empty if the user cancelled. Throws Error.
    virtual QString exportFigure(const QString& name);
};

}  // namespace rankscope::ui
