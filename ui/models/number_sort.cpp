// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/number_sort.h"

namespace rankscope::ui {

NumberSort::NumberSort(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(ui::sortRole);
    setSortCaseSensitivity(Qt::CaseInsensitive);
}

bool NumberSort::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const bool hasLeft = left.data(ui::sortRole).isValid();
    const bool hasRight = right.data(ui::sortRole).isValid();
    if (hasLeft && hasRight) return QSortFilterProxyModel::lessThan(left, right);
    // The larger one stands last in ascending order, the smaller one in descending order.
    return sortOrder() == Qt::AscendingOrder ? hasLeft && !hasRight : !hasLeft && hasRight;
}

}  // namespace rankscope::ui
