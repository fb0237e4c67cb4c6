// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/table_model.h"

#include <QFont>
#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/models/number_sort.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// The cell's text; a whole number without one is written as the reader's language does.
QVariant shownIn(const report::Cell& cell) {
    const auto* whole = std::get_if<std::int64_t>(&cell.value);
    return whole && cell.shown.empty() ? QVariant(static_cast<qlonglong>(*whole))
                                       : QVariant(toQString(cell.shown));
}

QVariant sortValue(const report::Value& value) {
    if (const auto* words = std::get_if<std::string>(&value)) return toQString(*words);
    const auto number = report::numberOf(value);
    return number && std::isfinite(*number) ? QVariant(*number) : QVariant();
}

Qt::Alignment alignmentOf(report::Side side) {
    const Qt::AlignmentFlag horizontal = side == report::Side::Left     ? Qt::AlignLeft
                                         : side == report::Side::Centre ? Qt::AlignHCenter
                                                                        : Qt::AlignRight;
    return horizontal | Qt::AlignVCenter;
}

QFont boldFont() {
    QFont font;
    font.setBold(true);
    return font;
}

}  // namespace

void TableModel::setTable(report::TableData table, std::vector<QString> rowTitles) {
    beginResetModel();
    m_table = std::move(table);
    m_rowTitles = std::move(rowTitles);
    endResetModel();
}

int TableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_table.rows.size());
}

int TableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_table.columns.size());
}

int TableModel::columnOf(std::string_view key) const {
    const auto found = std::ranges::find(m_table.columns, key, &report::TableColumn::key);
    return found == m_table.columns.end() ? -1 : static_cast<int>(found - m_table.columns.begin());
}

QVariant TableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
    const auto place = static_cast<std::size_t>(index.column());
    const report::TableColumn& column = m_table.columns[place];
    const report::Cell& cell = m_table.rows[static_cast<std::size_t>(index.row())][place];
    switch (role) {
        case Qt::DisplayRole:
            return shownIn(cell);
        case sortRole:
            return sortValue(cell.value);
        case Qt::TextAlignmentRole:
            return QVariant(alignmentOf(column.side));
        case Qt::ToolTipRole:
            return toQString(cell.help.empty() ? column.help : cell.help);
        case Qt::FontRole:
            return cell.marked ? QVariant(boldFont()) : QVariant();
        default:
            return {};
    }
}

QVariant TableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    const auto place = static_cast<std::size_t>(section);
    if (section < 0 || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
    if (orientation == Qt::Vertical) {
        return role == Qt::DisplayRole && place < m_rowTitles.size() ? m_rowTitles[place]
                                                                     : QVariant();
    }
    if (place >= m_table.columns.size()) return {};
    const report::TableColumn& column = m_table.columns[place];
    return toQString(role == Qt::DisplayRole ? column.title : column.help);
}

}  // namespace rankscope::ui
