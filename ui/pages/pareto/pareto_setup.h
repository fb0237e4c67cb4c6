// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>
#include <QWidget>
#include <optional>

#include "ui/session/front_run.h"
#include "ui/widgets/option_form.h"

namespace rankscope::ui {

/// The settings to measure: budgets, methods, allocations, storage, bounds of ranks, and on which
/// dialogues.
class ParetoSetup : public QWidget {
    Q_OBJECT
 public:
    ParetoSetup(Session* session, FrontRun* run, QWidget* parent = nullptr);
    FrontRequest request() const;

 signals:
    void runRequested();

 private:
    QWidget* makeTried();
    void makeLists(QWidget* box);
    void makeBoxes(QWidget* box);
    void addRanks(QFormLayout& form);
    QWidget* makeMeasured();
    QWidget* makeData();
    void chooseCalibration();
    void refresh();

    Session* m_session;
    FrontRun* m_front;
    QSpinBox* m_from = nullptr;
    QSpinBox* m_to = nullptr;
    QSpinBox* m_step = nullptr;
    QListWidget* m_methods = nullptr;
    QListWidget* m_allocations = nullptr;
    QComboBox* m_targets = nullptr;
    QComboBox* m_storage = nullptr;
    std::optional<OptionForm> m_ranks;
    QLineEdit* m_calibration = nullptr;
    QLineEdit* m_data = nullptr;
    QSpinBox* m_limit = nullptr;
    QCheckBox* m_rouge = nullptr;
    QPushButton* m_run;
    QLabel* m_hint;
};

}  // namespace rankscope::ui
