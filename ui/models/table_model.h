// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <string_view>
#include <vector>

#include "core/report/table.h"

namespace rankscope::ui {

/// A table of results as core or ui/models/result_tables.h makes it. sortRole gives numbers if they
/// are finite, and words; a tool tip is the cell's, else the column's.
class TableModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    using QAbstractTableModel::QAbstractTableModel;
    /// `rowTitles`: for the vertical header, one per row or none at all.
    void setTable(report::TableData table, std::vector<QString> rowTitles = {});

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// The column of a key ("rouge1"), -1 if it is not shown.
    int columnOf(std::string_view key) const;

 private:
    report::TableData m_table;
    std::vector<QString> m_rowTitles;
};

}  // namespace rankscope::ui
