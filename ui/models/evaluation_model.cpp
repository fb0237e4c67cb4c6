// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/evaluation_model.h"

#include <QFont>
#include <cmath>

#include "core/evaluate/evaluation.h"
#include "ui/models/number_sort.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// Columns without a value in any run say nothing.
std::vector<std::size_t> filledColumns(
    const std::vector<std::vector<report::EvaluationCell>>& cells) {
    std::vector<std::size_t> filled;
    for (std::size_t c = 0; c < report::evaluationColumns().size(); ++c) {
        for (const auto& row : cells) {
            if (std::isfinite(row[c].value)) {
                filled.push_back(c);
                break;
            }
        }
    }
    return filled;
}

/// True if a difference is one beyond chance: its interval leaves out 0.
bool isSignificant(const report::EvaluationCell& cell, bool baseline) {
    return !baseline && cell.hasInterval && (cell.interval.low > 0 || cell.interval.high < 0);
}

}  // namespace

void EvaluationModel::setEvaluation(const evaluate::Evaluation* evaluation) {
    beginResetModel();
    m_names.clear();
    m_columns.clear();
    m_cells.clear();
    if (evaluation) {
        m_names = runNames(*evaluation);
        const auto cells = report::evaluationCells(*evaluation);
        const auto filled = filledColumns(cells);
        for (const std::size_t column : filled) {
            m_columns.push_back(report::evaluationColumns()[column]);
        }
        for (const auto& row : cells) {
            auto& shown = m_cells.emplace_back();
            for (const std::size_t column : filled) {
                shown.push_back(row[column]);
            }
        }
    }
    endResetModel();
}

int EvaluationModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_cells.size());
}

int EvaluationModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

int EvaluationModel::columnOf(std::string_view key) const {
    for (std::size_t c = 0; c < m_columns.size(); ++c) {
        if (m_columns[c].key == key) {
            return static_cast<int>(c);
        }
    }
    return -1;
}

QString EvaluationModel::toolTip(int row, int column) const {
    const auto& about = m_columns[static_cast<std::size_t>(column)];
    const auto& cell = m_cells[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
    QString tip = toQString(about.help);
    if (row == 0) {
        return cell.hasInterval ? tr("%1\n95 % interval of this mean: %2 to %3.")
                                      .arg(tip)
                                      .arg(cell.interval.low, 0, 'f', about.digits)
                                      .arg(cell.interval.high, 0, 'f', about.digits)
                                : tip;
    }
    if (cell.hasInterval) {
        tip += tr("\nDifference to %1, with its paired 95 % interval: %2.")
                   .arg(m_names.front(), toQString(cell.differenceText));
        if (!isSignificant(cell, false)) {
            tip += tr("\nThe interval holds 0: this may be chance.");
        } else if ((cell.difference > 0) == about.higherIsBetter) {
            tip += tr("\nThe interval leaves out 0: better than %1.").arg(m_names.front());
        } else {
            tip += tr("\nThe interval leaves out 0: worse than %1.").arg(m_names.front());
        }
    }
    return tip;
}

QVariant EvaluationModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) {
        return {};
    }
    const auto& cell =
        m_cells[static_cast<std::size_t>(index.row())][static_cast<std::size_t>(index.column())];
    const bool marked = isSignificant(cell, index.row() == 0);
    switch (role) {
        case Qt::DisplayRole: {
            if (cell.differenceText.empty()) {
                return toQString(cell.text);
            }
            const QString sign = !marked               ? QString()
                                 : cell.difference > 0 ? QStringLiteral("▲ ")
                                                       : QStringLiteral("▼ ");
            // The interval has a line of its own, so that more columns are seen at once.
            const QString difference =
                toQString(cell.differenceText).replace(QLatin1String(" ["), QLatin1String("\n["));
            return QString(toQString(cell.text) + QLatin1Char('\n') + sign + difference);
        }
        case Qt::ToolTipRole:
            return toolTip(index.row(), index.column());
        case Qt::TextAlignmentRole:
            return QVariant(Qt::AlignRight | Qt::AlignVCenter);
        case Qt::FontRole: {
            QFont font;
            font.setBold(marked);
            return font;
        }
        case sortRole:
            return std::isfinite(cell.value) ? QVariant(cell.value) : QVariant();
        default:
            return {};
    }
}

QVariant EvaluationModel::headerData(int section, Qt::Orientation orientation, int role) const {
    const auto place = static_cast<std::size_t>(section);
    if (orientation == Qt::Vertical) {
        if (section < 0 || place >= m_names.size()) {
            return {};
        }
        if (role == Qt::DisplayRole) {
            return section == 0 ? tr("%1\nbaseline").arg(m_names[place]) : m_names[place];
        }
        return {};
    }
    if (section < 0 || place >= m_columns.size()) {
        return {};
    }
    const auto& column = m_columns[place];
    if (role == Qt::DisplayRole) {
        return column.unit.empty()
                   ? toQString(column.title)
                   : tr("%1 (%2)").arg(toQString(column.title), toQString(column.unit));
    }
    return role == Qt::ToolTipRole ? QVariant(toQString(column.help)) : QVariant();
}

}  // namespace rankscope::ui
