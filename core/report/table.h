// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rankscope::report {

/// The content of a row in a column: nothing, a number, or words.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

/// Nothing for an empty optional.
Value valueOf(std::optional<double> number);
/// Nothing for NaN and infinities.
Value finiteOf(double number);
/// The number of a value; nothing for words.
std::optional<double> numberOf(const Value& value);

enum class Side { Left, Centre, Right };

/// A column of a table. Its words stand here alone: files, the command line, the report and the
/// window take them from it.
template <class Row>
struct Column {
    std::string_view key;    ///< in CSV, TSV and JSON
    std::string_view title;  ///< in tables for people
    std::string_view unit;   ///< "", "s", "tokens/s"
    std::string_view help;   ///< one sentence: what it is
    Value (*value)(const Row& row) = nullptr;
    int decimals = 0;                                ///< a shown number's
    std::string (*shown)(const Row& row) = nullptr;  ///< null: the value as shownValue() has it
    Side side = Side::Right;
};

/// A column that stands in files alone and needs no words for people.
template <class Row>
Column<Row> fileColumn(std::string_view key, Value (*value)(const Row& row)) {
    return {.key = key, .title = {}, .unit = {}, .help = {}, .value = value};
}

/// "Loss time (s)", or the title alone.
std::string titleWithUnit(std::string_view title, std::string_view unit);
template <class Row>
std::string titleOf(const Column<Row>& column) {
    return titleWithUnit(column.title, column.unit);
}

/// Words as they are, a number with so many decimals; `nothing` if there is none or it is not
/// finite.
std::string shownValue(const Value& value, int decimals, std::string_view nothing = "–");

struct Cell {
    std::string shown;      ///< to people
    Value value;            ///< in files, and what the window sorts by
    std::string help = {};  ///< of this cell; empty: the column's
    bool marked = false;    ///< stands out in the window
};

struct TableColumn {
    std::string key;
    std::string title;  ///< with its unit
    std::string help;
    Side side = Side::Right;
};

/// A table that is ready to be shown or written, whatever its rows were made from.
struct TableData {
    std::vector<TableColumn> columns;
    std::vector<std::vector<Cell>> rows;  ///< a cell per column
};

template <class Row>
TableColumn headOf(const Column<Row>& column) {
    return {std::string(column.key), titleOf(column), std::string(column.help), column.side};
}

template <class Row>
Cell cellOf(const Column<Row>& column, const std::type_identity_t<Row>& row) {
    Value value = column.value(row);
    std::string shown = column.shown ? column.shown(row) : shownValue(value, column.decimals);
    return {std::move(shown), std::move(value)};
}

template <class Row>
TableData tableOf(const std::vector<Column<Row>>& columns,
                  std::span<const std::type_identity_t<Row>> rows) {
    TableData table;
    for (const Column<Row>& column : columns) table.columns.push_back(headOf(column));
    for (const Row& row : rows) {
        std::vector<Cell>& cells = table.rows.emplace_back();
        for (const Column<Row>& column : columns) cells.push_back(cellOf(column, row));
    }
    return table;
}

}  // namespace rankscope::report
