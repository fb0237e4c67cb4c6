// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/report/comparison_table.h"

namespace rankscope::ui {

/// Compared matrices, a row each: the name, then the columns of `compare`'s CSV.
class ComparisonModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    using QAbstractTableModel::QAbstractTableModel;
    void setMatrices(std::vector<spectra::MatrixComparison> matrices);
    const std::vector<spectra::MatrixComparison>& matrices() const { return m_matrices; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    std::vector<spectra::MatrixComparison> m_matrices;
};

}  // namespace rankscope::ui
