// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/evaluate/evaluation.h"
#include "core/report/evaluation_table.h"

namespace rankscope::ui {

/// The side-by-side table: a row for each run, its name as the row's title, the columns of
/// report::evaluationColumns() that any run has a value in. Below a value stands its difference to
/// the baseline with the 95 % interval; a difference whose interval leaves out 0 has a triangle and
/// is bold.
class EvaluationModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    using QAbstractTableModel::QAbstractTableModel;
    /// Null: no rows.
    void setEvaluation(const evaluate::Evaluation* evaluation);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// The column of a key ("rouge1"), -1 where it is not shown.
    int columnOf(std::string_view key) const;

 private:
    QString toolTip(int row, int column) const;

    std::vector<QString> m_names;
    std::vector<report::EvaluationColumn> m_columns;
    std::vector<std::vector<report::EvaluationCell>> m_cells;  // [run][shown column]
};

}  // namespace rankscope::ui
