// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/evaluate/random_vectors.h"

namespace rankscope::ui {

/// What the planned matrices do to random vectors and, with a calibration, to the real inputs: a
/// row for each matrix, after its rank the columns of evaluate::randomVectorsColumns.
class RandomVectorsModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    enum Column { NameColumn, RankColumn, FirstFigureColumn };
    using QAbstractTableModel::QAbstractTableModel;
    void setResults(std::vector<evaluate::RandomVectorsResult> results);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    std::vector<evaluate::RandomVectorsResult> m_results;
    std::vector<evaluate::RandomVectorsColumn> m_figures = evaluate::randomVectorsColumns({});
};

}  // namespace rankscope::ui
