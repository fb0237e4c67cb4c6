// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/evaluate/evaluation.h"
#include "ui/models/number_sort.h"

namespace rankscope::ui {

/// The dialogues of an evaluation: id, length, whether it was cut, ROUGE-1 of every run (F × 100),
/// and the difference between the two runs that are compared.
class SampleModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    enum Column { IdColumn, TokensColumn, CutColumn, FirstRunColumn };
    using QAbstractTableModel::QAbstractTableModel;
    /// Null: no rows. The model keeps the pointer until the next call.
    void setEvaluation(const evaluate::Evaluation* evaluation);
    /// The runs of the last column: right minus left.
    void setCompared(std::size_t left, std::size_t right);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// Everything a filter looks through: id, dialogue, references, summaries.
    QString searchText(int row) const;

 private:
    bool hasRouge() const;
    QVariant value(int row, int column) const;

    const evaluate::Evaluation* m_evaluation = nullptr;
    std::vector<QString> m_names;
    std::size_t m_left = 0, m_right = 0;
};

/// Sorts the dialogues and shows those that hold every word of a filter, whatever its case.
class SampleFilter : public NumberSort {
    Q_OBJECT
 public:
    explicit SampleFilter(SampleModel* model, QObject* parent = nullptr);
    void setFilterText(const QString& text);

 protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
    SampleModel* m_model;
    QStringList m_words;
};

}  // namespace rankscope::ui
