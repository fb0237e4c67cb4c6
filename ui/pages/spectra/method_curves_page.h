// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>

#include "core/method/method_curves.h"
#include "ui/models/method_curves_model.h"
#include "ui/pages/page.h"
#include "ui/plots/rank_plot.h"
#include "ui/session/method_curves_results.h"
#include "ui/widgets/job_progress.h"
#include "ui/widgets/result_table.h"

namespace rankscope::ui {

/// All methods on the real activations of the current matrix: error against rank with the rank
/// line, and the numbers at that rank. Computes what it shows when it is shown. Without a
/// calibration it says how to get one.
class MethodCurvesPage : public Page {
    Q_OBJECT
 public:
    explicit MethodCurvesPage(Session* session, QWidget* parent = nullptr);
    std::optional<report::FigureRequest> figure() const override;
    QString whyNoFigure() const override;
    /// "error": the shown numbers.
    std::vector<NamedTable> tables() const override;

 signals:
    void calibrateRequested();
    void calibrationFileRequested();

 protected:
    void showEvent(QShowEvent* event) override;

 private:
    bool showsCurves() const { return m_stack->currentIndex() == 1; }
    QWidget* makeAxesRow();
    QWidget* makeMessagePage();
    QWidget* makeCurvesPage();
    void refresh();
    void showMessage();
    void showCurves(const MatrixMethodCurves& found);
    void drawCurves();
    void showRank();
    report::AxesChoice axes() const;

    Session* m_session;
    MethodCurvesResults* m_results;
    MethodCurvesModel* m_model;
    QLabel* m_heading;
    QCheckBox* m_share = nullptr;
    QCheckBox* m_logValue = nullptr;
    QCheckBox* m_logRank = nullptr;
    QStackedWidget* m_stack;
    QLabel* m_message = nullptr;
    QPushButton* m_calibrate = nullptr;
    QPushButton* m_choose = nullptr;
    QPushButton* m_again = nullptr;
    JobProgress* m_progress = nullptr;
    RankPlot* m_plot;
    ResultTable* m_table;
    QLabel* m_note;
    std::string m_shown;  // the matrix of the curves
};

}  // namespace rankscope::ui
