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
    MatrixPanel* matrixPanel() const { return m_matrices; }
    SpectraPage* spectraPage() const { return m_spectra; }
    PlanPanel* planPanel() const { return m_plan; }
    EvaluationPage* evaluationPage() const { return m_evaluation; }
    ParetoPage* paretoPage() const { return m_pareto; }
    /// The switch between the pages; hidden while nothing is open.
    QTabBar* pageTabs() const { return m_tabs; }
    void showEvaluation();
    /// True while a child process computes for the window.
    bool isComputing() const { return !m_jobBar->isHidden(); }
    WelcomePage* welcomePage() const { return m_welcome; }
    CalibrationMenu* calibrationMenu() const { return m_calibration; }
    JobBar* jobBar() const { return m_jobBar; }
    /// The bar that shows errors and warnings; hidden where there are none.
    QWidget* messageBar() const { return m_messageBar; }
    QString message() const { return m_message->text(); }
    bool showsWelcome() const { return m_pages->currentWidget() == m_welcome; }

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
    QString whyNoFigure() const;  ///< of the page shown; empty where it has one
    void exportFigure();
    void exportData(bool curves);
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
