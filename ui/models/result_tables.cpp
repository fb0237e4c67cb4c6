// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/result_tables.h"

#include <QObject>
#include <utility>

#include "core/base/error.h"
#include "core/report/comparison_table.h"
#include "core/report/evaluation_table.h"
#include "core/report/random_vectors_table.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// A matrix's name for the window; names are sorted by the order of their rows.
report::Cell nameCell(const std::string& matrix, std::size_t row, const QString& help) {
    return {shortName(matrix).toStdString(), static_cast<std::int64_t>(row), help.toStdString()};
}

/// True if a difference is one beyond chance: its interval leaves out 0.
bool isSignificant(const report::EvaluationCell& cell, bool baseline) {
    return !baseline && cell.hasInterval && (cell.interval.low > 0 || cell.interval.high < 0);
}

QString shownResult(const report::EvaluationCell& cell, bool marked) {
    if (cell.differenceText.empty()) return toQString(cell.text);
    const QString sign = !marked               ? QString()
                         : cell.difference > 0 ? QStringLiteral("▲ ")
                                               : QStringLiteral("▼ ");
    // The interval has a line of its own, so that more columns are seen at once.
    const QString difference =
        toQString(cell.differenceText).replace(QLatin1String(" ["), QLatin1String("\n["));
    return toQString(cell.text) + QLatin1Char('\n') + sign + difference;
}

QString ownIntervalTip(const report::EvaluationColumn& column, const report::EvaluationCell& cell) {
    const QString tip = toQString(column.help);
    return cell.hasInterval ? QObject::tr("%1\n95 % interval of this mean: %2 to %3.")
                                  .arg(tip)
                                  .arg(cell.interval.low, 0, 'f', column.decimals)
                                  .arg(cell.interval.high, 0, 'f', column.decimals)
                            : tip;
}

QString differenceTip(const report::EvaluationColumn& column, const report::EvaluationCell& cell,
                      const QString& baseline) {
    QString tip = toQString(column.help);
    if (!cell.hasInterval) return tip;
    tip += QObject::tr("\nDifference to %1, with its paired 95 % interval: %2.")
               .arg(baseline, toQString(cell.differenceText));
    if (!isSignificant(cell, false))
        return tip + QObject::tr("\nThe interval holds 0: this may be chance.");
    return tip + ((cell.difference > 0) == column.higherIsBetter
                      ? QObject::tr("\nThe interval leaves out 0: better than %1.").arg(baseline)
                      : QObject::tr("\nThe interval leaves out 0: worse than %1.").arg(baseline));
}

}  // namespace

report::TableData comparisonTable(std::span<const spectra::MatrixComparison> matrices) {
    report::TableData table = report::comparisonTable(matrices);
    for (std::size_t row = 0; row < matrices.size(); ++row) {
        const spectra::MatrixComparison& matrix = matrices[row];
        table.rows[row].front() = nameCell(matrix.name, row,
                                           QObject::tr("%1, %2 × %3")
                                               .arg(QString::fromStdString(printable(matrix.name)))
                                               .arg(matrix.a.rows())
                                               .arg(matrix.a.columns()));
    }
    return table;
}

report::TableData randomVectorsTable(std::span<const evaluate::RandomVectorsResult> results) {
    auto columns = report::randomVectorsColumns(results);
    std::erase_if(columns, [](const auto& column) { return column.key == "vectors"; });
    report::TableData table = report::tableOf(columns, results);
    for (report::TableColumn& column : table.columns) {
        QString words = toQString(column.title);
        words[0] = words[0].toUpper();
        if (const auto space = words.indexOf(QLatin1Char(' ')); space >= 0)
            words[space] = QLatin1Char('\n');  // narrow columns
        column.title = words.toStdString();
    }
    constexpr std::size_t rank = 1;
    for (std::size_t row = 0; row < results.size(); ++row) {
        const QString help = QObject::tr("%1, %2 vectors")
                                 .arg(shortName(results[row].name))
                                 .arg(results[row].vectors);
        table.rows[row].front() = nameCell(results[row].name, row, help);
        table.rows[row][rank].shown.clear();  // the model writes whole numbers
        for (report::Cell& cell : table.rows[row]) cell.help = help.toStdString();
    }
    return table;
}

report::TableData evaluationTable(const evaluate::Evaluation& evaluation) {
    const auto cells = report::evaluationCells(evaluation);
    const std::vector<QString> names = runNames(evaluation);
    report::TableData table;
    table.rows.resize(cells.size());
    for (const std::size_t c : report::filledColumns(cells)) {
        const report::EvaluationColumn& column = report::evaluationColumns()[c];
        table.columns.push_back(report::headOf(column));
        for (std::size_t run = 0; run < cells.size(); ++run) {
            const report::EvaluationCell& cell = cells[run][c];
            const bool marked = isSignificant(cell, run == 0);
            const QString tip = run == 0 ? ownIntervalTip(column, cell)
                                         : differenceTip(column, cell, names.front());
            table.rows[run].push_back({shownResult(cell, marked).toStdString(),
                                       report::finiteOf(cell.value), tip.toStdString(), marked});
        }
    }
    return table;
}

std::vector<QString> runTitles(const evaluate::Evaluation& evaluation) {
    std::vector<QString> titles = runNames(evaluation);
    if (!titles.empty()) titles.front() = QObject::tr("%1\nbaseline").arg(titles.front());
    return titles;
}

}  // namespace rankscope::ui
