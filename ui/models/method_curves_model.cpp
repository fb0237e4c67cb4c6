// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/method_curves_model.h"

#include <QColor>
#include <QLocale>

#include "core/method/method.h"
#include "core/method/method_curves.h"
#include "core/report/race_tables.h"
#include "ui/models/number_sort.h"
#include "ui/plots/method_series.h"
#include "ui/plots/plot_drawing.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QString capitalised(QString words) {
    words[0] = words[0].toUpper();
    return words;
}

QString shown(double value, std::string_view key) {
    return key == "excess_error"
               ? QStringLiteral("%1%2 %").arg(value < 0 ? QString() : QStringLiteral("+"),
                                              QLocale::c().toString(100 * value, 'f', 2))
           : value == 0 || value >= 1e-3 ? QLocale::c().toString(value, 'f', 4)
                                         : QLocale::c().toString(value, 'g', 3);
}

}  // namespace

void MethodCurvesModel::setCurves(std::vector<method::MethodCurve> curves) {
    beginResetModel();
    m_curves = std::move(curves);
    endResetModel();
}

void MethodCurvesModel::setRank(std::int64_t rank) {
    m_rank = rank;
    if (!m_curves.empty()) emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

int MethodCurvesModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_curves.size());
}

int MethodCurvesModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 1 + static_cast<int>(report::raceColumns().size());
}

QString MethodCurvesModel::methodCell(const method::MethodCurve& curve) const {
    const auto place = report::placeOfRank(curve, m_rank);
    const QString name = methodLabel(curve.method);
    return place && curve.ranks[*place] != m_rank && m_rank < curve.ranks.back()
               ? tr("%1, at rank %2").arg(name).arg(curve.ranks[*place])
               : name;
}

QVariant MethodCurvesModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
    const auto& curve = m_curves[static_cast<std::size_t>(index.row())];
    const bool method = index.column() == 0;
    if (role == Qt::TextAlignmentRole)
        return QVariant((method ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    const auto place = report::placeOfRank(curve, m_rank);
    if (role == Qt::ForegroundRole && place && curve.ranks[*place] != m_rank &&
        m_rank < curve.ranks.back())
        return QColor(Qt::gray);  // of another rank than the others
    if (method) {
        switch (role) {
            case Qt::DisplayRole:
                return methodCell(curve);
            case Qt::DecorationRole:
                return curvePen(static_cast<std::size_t>(std::max(0, methodStyle(curve.method))))
                    .color();
            case Qt::ToolTipRole:
                return toQString(method::methodNamed(curve.method).help);
            case sortRole:
                return index.row();
            default:
                return {};
        }
    }
    const auto& column = report::raceColumns()[static_cast<std::size_t>(index.column() - 1)];
    const auto value = place ? report::numberOf(column.value({&curve, *place})) : std::nullopt;
    if (role == sortRole) return value ? QVariant(*value) : QVariant();
    return role != Qt::DisplayRole ? QVariant()
           : value                 ? QVariant(shown(*value, column.key))
                                   : QVariant(QStringLiteral("–"));
}

QVariant MethodCurvesModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical || section < 0 || section >= columnCount() ||
        (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const bool title = role == Qt::DisplayRole;
    if (section == 0) return title ? tr("Method") : tr("How the matrix is approximated");
    const auto& column = report::raceColumns()[static_cast<std::size_t>(section - 1)];
    return title ? capitalised(toQString(column.title)) : toQString(column.help);
}

}  // namespace rankscope::ui
