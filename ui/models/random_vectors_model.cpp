// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/random_vectors_model.h"

#include <cmath>
#include <limits>

#include "ui/models/number_sort.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

namespace {

using evaluate::RandomVectorsResult;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

double numberIn(const RandomVectorsResult& result, int column) {
    const auto of = [](const std::optional<evaluate::RealInputsResult>& real, bool cosine) {
        return !real ? none : cosine ? real->cosinePooled : real->relativeError;
    };
    switch (column) {
        case RandomVectorsModel::CosineColumn:
            return result.cosineMean;
        case RandomVectorsModel::PredictedColumn:
            return result.predictedCosine;
        case RandomVectorsModel::ErrorColumn:
            return result.relativeError;
        case RandomVectorsModel::CalibrationCosineColumn:
            return of(result.onCalibration, true);
        case RandomVectorsModel::CalibrationErrorColumn:
            return of(result.onCalibration, false);
        case RandomVectorsModel::HeldOutCosineColumn:
            return of(result.onHeldOut, true);
        default:
            return of(result.onHeldOut, false);
    }
}

}  // namespace

void RandomVectorsModel::setResults(std::vector<evaluate::RandomVectorsResult> results) {
    beginResetModel();
    m_results = std::move(results);
    endResetModel();
}

int RandomVectorsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_results.size());
}

int RandomVectorsModel::columnCount(const QModelIndex& parent) const {
    if (parent.isValid()) {
        return 0;
    }
    const bool real = !m_results.empty() && m_results.front().onCalibration;
    const bool heldOut = real && m_results.front().onHeldOut;
    return heldOut ? ColumnCount : real ? HeldOutCosineColumn : CalibrationCosineColumn;
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
    const double number = numberIn(result, index.column());
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
        {tr("Rel. error"), tr("‖Y − Y′‖ / ‖Y‖ (Frobenius) over all vectors")},
        {tr("Cosine, calibration"),
         tr("Pooled cosine of W X and W′ X on the layer's inputs X in the calibration dialogues")},
        {tr("Error, calibration"), tr("‖(W − W′) X‖ / ‖W X‖ on the same inputs")},
        {tr("Cosine, held out"),
         tr("Pooled cosine of W X and W′ X on inputs X in dialogues that no factor saw")},
        {tr("Error, held out"), tr("‖(W − W′) X‖ / ‖W X‖ on the same inputs")}};
    if (section < 0 || section >= ColumnCount) {
        return {};
    }
    return role == Qt::DisplayRole   ? QVariant(titles[section].title)
           : role == Qt::ToolTipRole ? QVariant(titles[section].help)
                                     : QVariant();
}

}  // namespace rankscope::ui
