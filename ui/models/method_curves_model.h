// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/method/method_curves.h"

namespace rankscope::ui {

/// The methods on one matrix at one rank: a row per method, a column per error
/// (report::raceColumns()).
class MethodCurvesModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    using QAbstractTableModel::QAbstractTableModel;
    void setCurves(std::vector<method::MethodCurve> curves);
    const std::vector<method::MethodCurve>& curves() const { return m_curves; }
    void setRank(std::int64_t rank);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    QString methodCell(const method::MethodCurve& curve) const;

    std::vector<method::MethodCurve> m_curves;
    std::int64_t m_rank = 1;
};

}  // namespace rankscope::ui
