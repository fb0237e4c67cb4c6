// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QMainWindow>
#include <QMenu>
#include <QStackedWidget>
#include <QTabBar>

#include "ui/dialogs/calibration_menu.h"
#include "ui/pages/evaluation/evaluation_page.h"
#include "ui/pages/pareto/pareto_page.h"
#include "ui/pages/spectra/matrix_panel.h"
#include "ui/pages/spectra/plan_panel.h"
#include "ui/pages/spectra/spectra_page.h"
#include "ui/pages/welcome_page.h"
#include "ui/widgets/job_bar.h"

namespace rankscope::ui {

/// Composes the pages around one session; holds no state of its own.
class MainWindow : public QMainWindow {
    Q_OBJECT
 public:
    explicit MainWindow(Session* session, QWidget* parent = nullptr);
    SpectraPage* spectraPage() const { return m_spectra; }
    EvaluationPage* evaluationPage() const { return m_evaluation; }
    void showEvaluation();
    /// True while a child process computes for the window.
    bool isComputing() const { return !m_jobBar->isHidden(); }
    CalibrationMenu* calibrationMenu() const { return m_calibration; }

 protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

 private:
    QWidget* makeMessageBar();
    QWidget* makeWorkbench();
    QTabBar* makeTabs();
    void makeMenus();
    void showMessage(const QString& text, bool error);
    void showCheckpoint();
    void fillRecentMenu();
    void chooseFolder();
    void chooseFile();
    /// The page of the current tab.
    Page& shownPage() const;
    void exportFigure();
    /// One of SpectraPage::tables().
    void exportTable(const QString& name);
    void showCompress();
    void showCompare();
    void showAbout();

    Session* m_session;
    QStackedWidget* m_pages;
    WelcomePage* m_welcome;
    MatrixPanel* m_matrices;
    SpectraPage* m_spectra;
    PlanPanel* m_plan;
    EvaluationPage* m_evaluation;
    ParetoPage* m_pareto;
    QTabBar* m_tabs;
    JobBar* m_jobBar;
    QLabel* m_message = nullptr;  // before the bar, whose making sets it
    QWidget* m_messageBar;
    QMenu* m_recentMenu = nullptr;
    CalibrationMenu* m_calibration;
    QList<QAction*> m_needsCheckpoint;
};

}  // namespace rankscope::ui
