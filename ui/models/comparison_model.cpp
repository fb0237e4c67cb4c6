// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/comparison_model.h"

#include <cmath>

#include "core/base/error.h"
#include "ui/models/number_sort.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

void ComparisonModel::setMatrices(std::vector<spectra::MatrixComparison> matrices) {
    beginResetModel();
    m_matrices = std::move(matrices);
    endResetModel();
}

int ComparisonModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_matrices.size());
}

int ComparisonModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 1 + static_cast<int>(report::comparisonColumns().size());
}

QVariant ComparisonModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) {
        return {};
    }
    const auto& matrix = m_matrices[static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole) {
        return QVariant((index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    }
    if (index.column() == 0) {
        return role == Qt::DisplayRole ? QVariant(shortName(matrix.name))
               : role == Qt::ToolTipRole
                   ? QVariant(tr("%1, %2 × %3")
                                  .arg(QString::fromStdString(printable(matrix.name)))
                                  .arg(matrix.a.rows())
                                  .arg(matrix.a.columns()))
               : role == sortRole ? QVariant(index.row())
                                  : QVariant();
    }
    const auto& column = report::comparisonColumns()[static_cast<std::size_t>(index.column() - 1)];
    const double value = column.value(matrix);
    switch (role) {
        case Qt::DisplayRole:
            return toQString(report::comparisonCell(column, matrix));
        case Qt::ToolTipRole:
            return toQString(column.help);
        case sortRole:
            return std::isfinite(value) ? QVariant(value) : QVariant();
        default:
            return {};
    }
}

QVariant ComparisonModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical || section < 0 || section >= columnCount()) {
        return {};
    }
    if (section == 0) {
        return role == Qt::DisplayRole   ? QVariant(tr("matrix"))
               : role == Qt::ToolTipRole ? QVariant(tr("In the order of checkpoint A"))
                                         : QVariant();
    }
    const auto& column = report::comparisonColumns()[static_cast<std::size_t>(section - 1)];
    return role == Qt::DisplayRole   ? QVariant(toQString(column.title))
           : role == Qt::ToolTipRole ? QVariant(toQString(column.help))
                                     : QVariant();
}

}  // namespace rankscope::ui
