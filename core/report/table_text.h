// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/report/table.h"

namespace rankscope::report {

/// How files write a number that is not whole: with as few digits as give it back, or with 17.
enum class Digits { Shortest, Seventeen };

/// Words as a cell of an RFC 4180 table: quoted if they hold a comma, a quote or a line break.
/// Words that a spreadsheet would take for a formula (= + - @ in front) get an apostrophe, the sign
/// for "this is text".
std::string csvCell(std::string_view text);

/// Adds a line to an RFC 4180 table; numbers are neither quoted nor given an apostrophe.
void addCsvLine(std::string& csv, std::span<const Value> cells, Digits digits);

/// RFC 4180, the columns' keys and all values: for tables of so many rows that they are better
/// written one by one.
template <class Row>
std::string toCsv(const std::vector<Column<Row>>& columns,
                  std::span<const std::type_identity_t<Row>> rows, Digits digits) {
    std::string csv;
    std::vector<Value> cells;
    for (const Column<Row>& column : columns) cells.emplace_back(std::string(column.key));
    addCsvLine(csv, cells, digits);
    for (const Row& row : rows) {
        for (std::size_t c = 0; c < columns.size(); ++c) cells[c] = columns[c].value(row);
        addCsvLine(csv, cells, digits);
    }
    return csv;
}

/// The columns' keys and all values, numbers with the shortest digits: RFC 4180, or separated by
/// tabs.
std::string toCsv(const TableData& table);
std::string toTsv(const TableData& table);

/// The columns' titles and what cells show, the first column to the left: GitHub Markdown, or a
/// LaTeX tabular (booktabs). Markdown takes titles and numbers as they are and escapes words.
std::string toMarkdown(const TableData& table);
std::string toLatex(const TableData& table);

/// Words without what Markdown would take for a mark or for the end of a cell.
std::string escapedMarkdown(std::string_view text);

}  // namespace rankscope::report
