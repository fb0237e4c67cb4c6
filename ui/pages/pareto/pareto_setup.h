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

/// What is to be measured: budgets, methods, allocations, storage, bounds of ranks, and on which
/// dialogues.
class ParetoSetup : public QWidget {
    Q_OBJECT
 public:
    ParetoSetup(Session* session, FrontRun* run, QWidget* parent = nullptr);
    FrontRequest request() const;

    QSpinBox* fromField() const { return m_from; }
    QSpinBox* toField() const { return m_to; }
    QSpinBox* stepField() const { return m_step; }
    QListWidget* methodList() const { return m_methods; }
    QListWidget* allocationList() const { return m_allocations; }
    QComboBox* storageBox() const { return m_storage; }
    /// The rows of --max-rank and --groups.
    OptionForm& ranks() { return *m_ranks; }
    QLineEdit* dataField() const { return m_data; }
    QCheckBox* rougeBox() const { return m_rouge; }
    QPushButton* runButton() const { return m_run; }
    QLabel* hint() const { return m_hint; }

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
