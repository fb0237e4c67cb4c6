// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QPushButton>
#include <QWidget>

#include "ui/models/table_model.h"
#include "ui/session/session.h"
#include "ui/widgets/job_progress.h"
#include "ui/widgets/option_form.h"
#include "ui/widgets/result_table.h"

namespace rankscope::ui {

/// The planned matrices on random vectors, beside what they do to summaries.
class RandomVectorsPanel : public QWidget {
    Q_OBJECT
 public:
    explicit RandomVectorsPanel(Session* session, QWidget* parent = nullptr);

 private:
    void start();
    void refresh();
    void showResults();

    Session* m_session;
    TableModel* m_model;
    ResultTable* m_table;
    OptionForm m_options;
    QPushButton* m_start;
    QLabel* m_note;
    JobProgress* m_progress;
};

}  // namespace rankscope::ui
