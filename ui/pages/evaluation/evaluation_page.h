// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTabWidget>

#include "ui/pages/evaluation/dialogue_view.h"
#include "ui/pages/evaluation/evaluation_chart.h"
#include "ui/pages/evaluation/evaluation_results.h"
#include "ui/pages/evaluation/evaluation_setup.h"
#include "ui/pages/evaluation/random_vectors_panel.h"
#include "ui/pages/page.h"
#include "ui/widgets/job_progress.h"

namespace rankscope::ui {

/// Checkpoints side by side: on the left what is evaluated, on the right the table, and below it
/// chart and random vectors, or the dialogues one by one.
class EvaluationPage : public Page {
    Q_OBJECT
 public:
    explicit EvaluationPage(Session* session, QWidget* parent = nullptr);
    /// Adds a folder to the runs.
    void addFolder(const QString& folder) { m_setup->addFolder(folder); }
    /// The dialogues one by one if there are any, in place of the chart.
    void showDialogues(bool dialogues) { m_tabs->setCurrentIndex(dialogues ? 1 : 0); }

    QString whyNoFigure() const override;
    /// The chart, in the size it always has; its own name is proposed.
    QString exportFigure(const QString& name) override;

 protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

 private:
    QWidget* makeRight();
    void evaluate();
    void showEvaluation();

    Session* m_session;
    EvaluationSetup* m_setup;
    JobProgress* m_progress;
    EvaluationResults* m_results;
    EvaluationChart* m_chart;
    RandomVectorsPanel* m_randomVectors;
    DialogueView* m_dialogues;
    QTabWidget* m_tabs = nullptr;
};

}  // namespace rankscope::ui
