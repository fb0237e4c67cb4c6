// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/evaluate/random_vectors.h"

namespace rankscope::ui {

/// What the planned matrices do to random vectors, and to the real inputs of a calibration where
/// the plan has one: a row for each matrix.
class RandomVectorsModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    /// Those from CalibrationCosineColumn on only where there are such figures.
    enum Column {
        NameColumn,
        RankColumn,
        CosineColumn,
        PredictedColumn,
        ErrorColumn,
        CalibrationCosineColumn,
        CalibrationErrorColumn,
        HeldOutCosineColumn,
        HeldOutErrorColumn,
        ColumnCount
    };
    using QAbstractTableModel::QAbstractTableModel;
    void setResults(std::vector<evaluate::RandomVectorsResult> results);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    std::vector<evaluate::RandomVectorsResult> m_results;
};

}  // namespace rankscope::ui
