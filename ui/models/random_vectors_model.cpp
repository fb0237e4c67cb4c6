// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/random_vectors_model.h"

#include <cmath>

#include "ui/models/number_sort.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

void RandomVectorsModel::setResults(std::vector<evaluate::RandomVectorsResult> results) {
    beginResetModel();
    m_results = std::move(results);
    endResetModel();
}

int RandomVectorsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_results.size());
}

int RandomVectorsModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant RandomVectorsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= ColumnCount) {
        return {};
    }
    const auto& result = m_results[static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole) {
        return QVariant((index.column() == NameColumn ? Qt::AlignLeft : Qt::AlignRight) |
                        Qt::AlignVCenter);
    }
    if (role == Qt::ToolTipRole) {
        return tr("%1, %2 vectors; pooled cosine %3")
            .arg(shortName(result.name))
            .arg(result.vectors)
            .arg(result.cosinePooled, 0, 'f', 4);
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
    const double number = index.column() == CosineColumn      ? result.cosineMean
                          : index.column() == PredictedColumn ? result.predictedCosine
                                                              : result.relativeError;
    if (!std::isfinite(number)) {
        return role == sortRole ? QVariant() : QVariant(QStringLiteral("–"));
    }
    return role == sortRole ? QVariant(number) : QVariant(QString::number(number, 'f', 4));
}

QVariant RandomVectorsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical) {
        return {};
    }
    struct Title {
        QString title, help;
    };
    const Title titles[ColumnCount] = {
        {tr("Matrix"), tr("The planned matrix W, in model order")},
        {tr("Rank"), tr("The rank r of W′")},
        {tr("Mean cosine"), tr("Mean over the vectors of the cosine of W x and W′ x")},
        {tr("Predicted"), tr("√energy kept: the pooled cosine of isotropic random x")},
        {tr("Rel. error"), tr("‖Y − Y′‖ / ‖Y‖ (Frobenius) over all vectors")}};
    if (section < 0 || section >= ColumnCount) {
        return {};
    }
    return role == Qt::DisplayRole   ? QVariant(titles[section].title)
           : role == Qt::ToolTipRole ? QVariant(titles[section].help)
                                     : QVariant();
}

}  // namespace rankscope::ui
