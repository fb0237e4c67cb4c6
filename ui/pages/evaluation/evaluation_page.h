// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTabWidget>
#include <QWidget>

#include "ui/pages/evaluation/dialogue_view.h"
#include "ui/pages/evaluation/evaluation_chart.h"
#include "ui/pages/evaluation/evaluation_results.h"
#include "ui/pages/evaluation/evaluation_setup.h"
#include "ui/pages/evaluation/random_vectors_panel.h"
#include "ui/widgets/job_progress.h"

namespace rankscope::ui {

/// Checkpoints side by side: on the left what is evaluated, on the right the table, and below it
/// chart and random vectors, or the dialogues one by one.
class EvaluationPage : public QWidget {
    Q_OBJECT
 public:
    explicit EvaluationPage(Session* session, QWidget* parent = nullptr);
    EvaluationSetup* setup() const { return m_setup; }
    JobProgress* progress() const { return m_progress; }
    EvaluationResults* results() const { return m_results; }
    EvaluationChart* chart() const { return m_chart; }
    RandomVectorsPanel* randomVectors() const { return m_randomVectors; }
    DialogueView* dialogues() const { return m_dialogues; }
    QTabWidget* tabs() const { return m_tabs; }

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
