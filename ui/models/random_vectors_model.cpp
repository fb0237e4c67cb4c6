// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/random_vectors_model.h"

#include <cmath>
#include <limits>

#include "core/evaluate/random_vectors.h"
#include "ui/models/number_sort.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

void RandomVectorsModel::setResults(std::vector<evaluate::RandomVectorsResult> results) {
    beginResetModel();
    m_results = std::move(results);
    m_figures = evaluate::randomVectorsColumns(m_results);
    endResetModel();
}

int RandomVectorsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_results.size());
}

int RandomVectorsModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : FirstFigureColumn + static_cast<int>(m_figures.size());
}

QVariant RandomVectorsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) {
        return {};
    }
    const auto& result = m_results[static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole) {
        return QVariant((index.column() == NameColumn ? Qt::AlignLeft : Qt::AlignRight) |
                        Qt::AlignVCenter);
    }
    if (role == Qt::ToolTipRole) {
        return tr("%1, %2 vectors").arg(shortName(result.name)).arg(result.vectors);
    }
    if (role != Qt::DisplayRole && role != sortRole) {
        return {};
    }
    if (index.column() == NameColumn) {
        return role == sortRole ? QVariant(index.row()) : QVariant(shortName(result.name));
    }
    if (index.column() == RankColumn) {
        return static_cast<qlonglong>(result.rank);
    }
    const auto figure = static_cast<std::size_t>(index.column() - FirstFigureColumn);
    const double number =
        m_figures[figure].value(result).value_or(std::numeric_limits<double>::quiet_NaN());
    if (!std::isfinite(number)) {
        return role == sortRole ? QVariant() : QVariant(QStringLiteral("–"));
    }
    return role == sortRole ? QVariant(number) : QVariant(QString::number(number, 'f', 4));
}

QVariant RandomVectorsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical) {
        return {};
    }
    if (section < 0 || section >= columnCount() ||
        (role != Qt::DisplayRole && role != Qt::ToolTipRole)) {
        return {};
    }
    const bool title = role == Qt::DisplayRole;
    if (section == NameColumn) {
        return title ? tr("Matrix") : tr("The planned matrix W, in model order");
    }
    if (section == RankColumn) {
        return title ? tr("Rank") : tr("The rank r of W′");
    }
    const auto& figure = m_figures[static_cast<std::size_t>(section - FirstFigureColumn)];
    if (!title) {
        return QString::fromUtf8(figure.help.data(), static_cast<qsizetype>(figure.help.size()));
    }
    QString words =
        QString::fromUtf8(figure.title.data(), static_cast<qsizetype>(figure.title.size()));
    words[0] = words[0].toUpper();
    words.replace(words.indexOf(QLatin1Char(' ')), 1, QLatin1Char('\n'));  // narrow columns
    return words;
}

}  // namespace rankscope::ui
