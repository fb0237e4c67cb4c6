// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <optional>

#include "core/report/pareto_table.h"
#include "core/search/pareto.h"

namespace rankscope::ui {

/// The settings of a front, the dense model first; columns are those of `pareto`'s CSV.
class FrontModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    using QAbstractTableModel::QAbstractTableModel;
    void setFront(const search::ParetoFront& front);
    void clear();
    /// The place of a row in ParetoFront::points; nothing for the dense model.
    static std::optional<std::size_t> pointOf(int row);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    std::vector<report::ParetoColumn> m_columns;
    std::vector<std::vector<report::ParetoCell>> m_cells;
};

}  // namespace rankscope::ui
