// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QDialog>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QSpinBox>

#include "core/report/figure_request.h"

namespace rankscope::ui {

/// Asks for what, size and resolution of a figure.
class ExportDialog : public QDialog {
    Q_OBJECT
 public:
    /// `shown` is the window's figure; the dialog offers it whole or one of its plots.
    explicit ExportDialog(report::FigureRequest shown, QWidget* parent = nullptr);
    /// The figure as chosen, without `out`.
    report::FigureRequest request() const;

 private:
    void offerPlots();

    report::FigureRequest m_shown;
    QComboBox* m_what;
    QLineEdit* m_title;
    QDoubleSpinBox* m_width;
    QDoubleSpinBox* m_height;
    QSpinBox* m_dpi;
};

/// Asks what, how large and where, and draws it: the file written, empty if the user cancelled.
/// Throws Error.
QString exportFigure(const report::FigureRequest& shown, const QString& suggestedName,
                     QWidget* parent);

}  // namespace rankscope::ui
