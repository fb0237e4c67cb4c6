// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/matrix_filter.h"

#include <algorithm>

#include "core/checkpoint/weight_matrix.h"
#include "ui/models/matrix_tree_model.h"

namespace rankscope::ui {

MatrixFilter::MatrixFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setRecursiveFilteringEnabled(true);
}

void MatrixFilter::setText(const QString& text) {
    m_words.clear();
    for (const QString& part : text.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
        Word word;
        if (checkpoint::parseRole(part.toLower().toStdString())) {
            word.role = part.toLower();
        } else if (part.contains(QLatin1Char('*')) || part.contains(QLatin1Char('?'))) {
            word.pattern.setPattern(QRegularExpression::wildcardToRegularExpression(
                part, QRegularExpression::UnanchoredWildcardConversion));
        } else {
            word.pattern.setPattern(QRegularExpression::escape(part));
        }
        word.pattern.setPatternOptions(QRegularExpression::CaseInsensitiveOption);
        m_words.push_back(std::move(word));
    }
    invalidateFilter();
}

bool MatrixFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    if (m_words.empty()) return true;
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    const QString name = index.data(MatrixTreeModel::TensorNameRole).toString();
    const QString role = index.data(MatrixTreeModel::MatrixRoleRole).toString();
    return !name.isEmpty() && std::all_of(m_words.begin(), m_words.end(), [&](const Word& word) {
        return word.role.isEmpty() ? word.pattern.match(name).hasMatch() : word.role == role;
    });
}

}  // namespace rankscope::ui
