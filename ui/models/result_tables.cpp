// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/result_tables.h"

#include <QObject>
#include <utility>

#include "core/base/error.h"
#include "core/report/comparison_table.h"
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

}  // namespace rankscope::ui
