// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QRegularExpression>
#include <QSortFilterProxyModel>
#include <vector>

namespace rankscope::ui {

/// Shows the matrices that match every word of a text, with the groups above them. A word that is
/// a role ("q", "wi_0") matches that role only, one with * or ? is a pattern over the tensor name,
/// any other a part of the tensor name.
class MatrixFilter : public QSortFilterProxyModel {
    Q_OBJECT
 public:
    explicit MatrixFilter(QObject* parent = nullptr);
    void setText(const QString& text);

 protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
    struct Word {
        QString role;  // set where the word names a role
        QRegularExpression pattern;
    };
    std::vector<Word> m_words;
};

}  // namespace rankscope::ui
