// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/result_tables.h"

#include <QObject>
#include <utility>

#include "core/base/error.h"
#include "core/report/comparison_table.h"
#include "core/report/random_vectors_table.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// A matrix's name for the window; names are sorted by the order of their rows.
report::Cell nameCell(const std::string& matrix, std::size_t row, const QString& help) {
    return {shortName(matrix).toStdString(), static_cast<std::int64_t>(row), help.toStdString()};
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
        if (const auto space = words.indexOf(QLatin1Char(' ')); space >= 0) {
            words[space] = QLatin1Char('\n');  // narrow columns
        }
        column.title = words.toStdString();
    }
    constexpr std::size_t rank = 1;
    for (std::size_t row = 0; row < results.size(); ++row) {
        const QString help = QObject::tr("%1, %2 vectors")
                                 .arg(shortName(results[row].name))
                                 .arg(results[row].vectors);
        table.rows[row].front() = nameCell(results[row].name, row, help);
        table.rows[row][rank].shown.clear();  // the model writes whole numbers
        for (report::Cell& cell : table.rows[row]) {
            cell.help = help.toStdString();
        }
    }
    return table;
}

}  // namespace rankscope::ui
