// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>
#include <QToolButton>
#include <QWidget>
#include <map>

#include "ui/session/evaluation_request.h"
#include "ui/session/session.h"
#include "ui/widgets/option_form.h"

namespace rankscope::ui {

/// The settings of an evaluation: the runs, the dialogues, how summaries are made. Shows the
/// command that Evaluate runs.
class EvaluationSetup : public QWidget {
    Q_OBJECT
 public:
    explicit EvaluationSetup(Session* session, QWidget* parent = nullptr);
    EvaluationRequest request() const;
    /// The whole command line as a shell reads it.
    QString commandLine() const;
    void addFolder(const QString& folder);

 public slots:
    /// Enables what is possible now: buttons, the plan's box, the command.
    void refresh();

 signals:
    void evaluateRequested();

 protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

 private:
    QWidget* makeRuns();
    QWidget* makeHow();
    QWidget* makeMore();
    QWidget* makeStart();
    void showBaseline();
    void showPreset();
    void removeSelected();
    void copyCommand();

    Session* m_session;
    QListWidget* m_runs = nullptr;
    QPushButton* m_remove = nullptr;
    QCheckBox* m_plan = nullptr;
    QLineEdit* m_data = nullptr;
    QSpinBox* m_limit = nullptr;
    QComboBox* m_preset = nullptr;
    QCheckBox* m_loss = nullptr;
    QCheckBox* m_rouge = nullptr;
    QToolButton* m_more = nullptr;
    QWidget* m_moreForm;
    OptionForm m_options;
    std::map<std::string, QString> m_presetValues;  // what each option is without being named
    QLineEdit* m_command = nullptr;
    QPushButton* m_copy = nullptr;
    QPushButton* m_evaluate = nullptr;
};

}  // namespace rankscope::ui
