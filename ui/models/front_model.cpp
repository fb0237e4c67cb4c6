// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/front_model.h"

#include <cmath>

#include "core/search/pareto.h"
#include "ui/models/number_sort.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

void FrontModel::setFront(const search::ParetoFront& front) {
    beginResetModel();
    m_columns = report::paretoColumns(front);
    m_cells = report::paretoCells(front);
    endResetModel();
}

void FrontModel::clear() {
    beginResetModel();
    m_columns.clear();
    m_cells.clear();
    endResetModel();
}

std::optional<std::size_t> FrontModel::pointOf(int row) {
    return row < 1 ? std::nullopt : std::optional(static_cast<std::size_t>(row - 1));
}

int FrontModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_cells.size());
}

int FrontModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QVariant FrontModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) {
        return {};
    }
    const auto column = static_cast<std::size_t>(index.column());
    const report::ParetoCell& cell = m_cells[static_cast<std::size_t>(index.row())][column];
    const bool words = m_columns[column].isText;
    switch (role) {
        case Qt::DisplayRole:
            return toQString(cell.shown);
        case sortRole:
            return words                       ? QVariant(toQString(cell.shown))
                   : std::isfinite(cell.value) ? QVariant(cell.value)
                                               : QVariant();
        case Qt::TextAlignmentRole:
            return QVariant((words                                 ? Qt::AlignLeft
                             : index.column() + 1 == columnCount() ? Qt::AlignHCenter
                                                                   : Qt::AlignRight) |
                            Qt::AlignVCenter);
        case Qt::ToolTipRole:
            return toQString(m_columns[column].help);
        default:
            return {};
    }
}

QVariant FrontModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical || section < 0 || section >= columnCount()) {
        return {};
    }
    const report::ParetoColumn& column = m_columns[static_cast<std::size_t>(section)];
    return role == Qt::DisplayRole   ? QVariant(toQString(column.title))
           : role == Qt::ToolTipRole ? QVariant(toQString(column.help))
                                     : QVariant();
}

}  // namespace rankscope::ui
