// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTabBar>

#include "ui/pages/page.h"
#include "ui/pages/spectra/curves_page.h"
#include "ui/pages/spectra/method_curves_page.h"
#include "ui/pages/spectra/overview_page.h"

namespace rankscope::ui {

/// The matrices of the model, a view at a time: curves of the selected ones or of one, the
/// overview of all, or the methods compared on one.
class SpectraPage : public Page {
    Q_OBJECT
 public:
    explicit SpectraPage(Session* session, QWidget* parent = nullptr);
    void showSelected();
    void showOneMatrix();
    /// One number of every matrix, by its name in report::heatMetrics(); the first if there is none
    /// of that name.
    void showOverview(const QString& metric);
    void showMethods();

    std::optional<report::FigureRequest> figure() const override;
    QString whyNoFigure() const override;
    /// The singular values and the errors shown; in the view of the methods its errors.
    std::vector<NamedTable> tables() const override;

 signals:
    /// The user clicked a matrix in the overview.
    void matrixChosen(const QString& name);
    /// The user wants a calibration made, or taken from a file.
    void calibrateRequested();
    void calibrationFileRequested();

 private:
    void showTab(int tab);

    QTabBar* m_tabs;
    CurvesPage* m_curves;
    OverviewPage* m_overview;
    MethodCurvesPage* m_methods;
    Page* m_shown;  // one of these
};

}  // namespace rankscope::ui
