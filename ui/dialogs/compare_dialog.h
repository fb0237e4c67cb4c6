// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QStackedWidget>
#include <vector>

#include "core/report/figure_request.h"
#include "core/spectra/compare.h"
#include "ui/dialogs/job_dialog.h"
#include "ui/models/number_sort.h"
#include "ui/models/table_model.h"
#include "ui/plots/rank_plot.h"
#include "ui/session/job_slot.h"
#include "ui/session/session.h"
#include "ui/widgets/job_progress.h"
#include "ui/widgets/result_table.h"

namespace rankscope::ui {

/// The open checkpoint A against another one, B, by `rankscope-cli compare` in a child process: a
/// table of matrices, and the spectra of A, B and A - B of the selected one. Stays with the A it
/// was opened for.
class CompareDialog : public JobDialog {
    Q_OBJECT
 public:
    explicit CompareDialog(Session* session, QWidget* parent = nullptr);
    /// The selected matrix's plot as a figure; `out` is left to the caller.
    report::FigureRequest figure() const;
    std::string csv() const;

 public slots:

 private:
    QWidget* makeForm();
    QWidget* makeResults();
    QStringList arguments() const;
    void start();
    void take(const Json& document);
    void showMatrix();
    void showReadout(std::int64_t index);
    void refresh();
    void showError(const QString& message);
    const spectra::MatrixComparison* selected() const;
    void exportFigure();
    void exportCsv();

    Session* m_session;
    QString m_location, m_name;  // of A
    QLineEdit* m_other = nullptr;
    QComboBox* m_targets = nullptr;
    QSpinBox* m_directions = nullptr;
    QPushButton* m_compare = nullptr;
    JobProgress* m_progress;
    QLabel* m_error;
    QStackedWidget* m_stack;
    TableModel* m_model;
    NumberSort* m_sort;
    ResultTable* m_table;
    QLabel* m_note;
    QCheckBox* m_logValue;
    RankPlot* m_plot;
    std::vector<spectra::MatrixComparison> m_matrices;
    QString m_comparedWith;  // B of the results
    std::int64_t m_index = 1;
};

}  // namespace rankscope::ui
