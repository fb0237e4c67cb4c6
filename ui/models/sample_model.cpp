// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/sample_model.h"

#include <cmath>

#include "core/base/error.h"
#include "core/evaluate/evaluation.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

constexpr std::size_t rouge1 = 0;  // in the order of text::rougeTypes

}  // namespace

void SampleModel::setEvaluation(const evaluate::Evaluation* evaluation) {
    beginResetModel();
    m_evaluation = evaluation && !evaluation->samples.empty() ? evaluation : nullptr;
    m_names = m_evaluation ? runNames(*m_evaluation) : std::vector<QString>();
    m_left = 0;
    m_right = m_names.empty() ? 0 : m_names.size() - 1;
    endResetModel();
}

void SampleModel::setCompared(std::size_t left, std::size_t right) {
    if (left >= m_names.size() || right >= m_names.size()) return;
    m_left = left;
    m_right = right;
    if (rowCount() > 0 && hasRouge()) {
        const int last = columnCount() - 1;
        emit dataChanged(index(0, last), index(rowCount() - 1, last));
        emit headerDataChanged(Qt::Horizontal, last, last);
    }
}

bool SampleModel::hasRouge() const { return m_evaluation && m_evaluation->runs.front().hasRouge; }

int SampleModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_evaluation ? 0 : static_cast<int>(m_evaluation->samples.size());
}

int SampleModel::columnCount(const QModelIndex& parent) const {
    if (parent.isValid() || !m_evaluation) return 0;
    return FirstRunColumn + (hasRouge() ? static_cast<int>(m_names.size()) + 1 : 0);
}

QVariant SampleModel::value(int row, int column) const {
    const auto place = static_cast<std::size_t>(row);
    const auto& sample = m_evaluation->samples[place];
    switch (column) {
        case IdColumn:
            return QString::fromStdString(printable(sample.id, 200));
        case TokensColumn:
            return static_cast<qlonglong>(sample.sourceTokens);
        case CutColumn:
            return sample.truncated;
        default:
            break;
    }
    const auto score = [&](std::size_t run) -> double {
        return 100 * m_evaluation->runs[run].results[place].rouge[rouge1].f;
    };
    const auto run = static_cast<std::size_t>(column - FirstRunColumn);
    return run < m_names.size() ? score(run) : score(m_right) - score(m_left);
}

QVariant SampleModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
    const int column = index.column();
    if (role == Qt::TextAlignmentRole) {
        return QVariant(
            (column == IdColumn || column == CutColumn ? Qt::AlignLeft : Qt::AlignRight) |
            Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole && role != sortRole) return {};
    QVariant plain = value(index.row(), column);
    if (role == sortRole) return plain;
    if (column == CutColumn) return plain.toBool() ? tr("cut") : QString();
    if (column < FirstRunColumn) return plain.toString();
    const QString number = QString::number(plain.toDouble(), 'f', 2);
    const bool difference = column == columnCount() - 1;
    return difference && plain.toDouble() > 0 ? QString(QLatin1Char('+') + number) : number;
}

QVariant SampleModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical || section < 0 || section >= columnCount()) return {};
    if (role == Qt::ToolTipRole && section >= FirstRunColumn) {
        return section == columnCount() - 1
                   ? tr("ROUGE-1 (F × 100) of %1 minus that of %2")
                         .arg(m_names[m_right], m_names[m_left])
                   : tr("ROUGE-1 (F × 100) of the summary against the reference");
    }
    if (role == Qt::ToolTipRole && section == CutColumn)
        return tr("Longer than the model is given: the end was left out");
    if (role != Qt::DisplayRole) return {};
    switch (section) {
        case IdColumn:
            return tr("Dialogue");
        case TokensColumn:
            return tr("Source tokens");
        case CutColumn:
            return tr("Cut");
        default:
            break;
    }
    return section == columnCount() - 1
               ? tr("Difference")
               : tr("ROUGE-1 %1").arg(m_names[static_cast<std::size_t>(section - FirstRunColumn)]);
}

QString SampleModel::searchText(int row) const {
    const auto place = static_cast<std::size_t>(row);
    const auto& sample = m_evaluation->samples[place];
    std::string all = sample.id + '\n' + sample.source;
    for (const auto& reference : sample.references) all += '\n' + reference;
    for (const auto& run : m_evaluation->runs) all += '\n' + run.results[place].output;
    return QString::fromStdString(all);
}

SampleFilter::SampleFilter(SampleModel* model, QObject* parent)
    : NumberSort(parent), m_model(model) {
    setSourceModel(model);
}

void SampleFilter::setFilterText(const QString& text) {
    m_words = text.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool SampleFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    if (m_words.isEmpty()) return true;
    const QString text = m_model->searchText(row);
    return std::all_of(m_words.begin(), m_words.end(), [&](const QString& word) {
        return text.contains(word, Qt::CaseInsensitive);
    });
}

}  // namespace rankscope::ui
