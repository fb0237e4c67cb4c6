// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QWidget>

#include "ui/models/number_sort.h"
#include "ui/models/table_model.h"
#include "ui/session/session.h"
#include "ui/widgets/result_table.h"

namespace rankscope::ui {

/// The side-by-side table with what can be done to it: another baseline, copying.
class EvaluationResults : public QWidget {
    Q_OBJECT
 public:
    explicit EvaluationResults(Session* session, QWidget* parent = nullptr);

 private:
    QWidget* makeEmpty();
    QLayout* makeButtons();
    void show();
    void refreshPin();
    /// The run of the table's current row, in the evaluation's order; -1 if there is none.
    int currentRun() const;

    Session* m_session;
    TableModel* m_model;
    NumberSort* m_sort;
    ResultTable* m_table;
    QStackedWidget* m_stack;
    QLabel* m_heading;
    QLabel* m_empty = nullptr;
    QPushButton* m_pin = nullptr;
    QPushButton* m_copy = nullptr;
    QMenu* m_copyMenu = nullptr;
};

}  // namespace rankscope::ui
