// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSortFilterProxyModel>

namespace rankscope::ui {

/// The role under which the models of result tables give what a cell is sorted by: a number, a
/// text, or nothing if nothing was measured.
inline constexpr int sortRole = Qt::UserRole;

/// Sorts by sortRole; cells without a value stand last in both directions. A third click on a title
/// brings the original order back.
class NumberSort : public QSortFilterProxyModel {
    Q_OBJECT
 public:
    explicit NumberSort(QObject* parent = nullptr);

 protected:
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;
};

}  // namespace rankscope::ui
