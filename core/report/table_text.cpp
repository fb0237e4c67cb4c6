// SPDX-License-Identifier: Apache-2.0
#include "core/report/table_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace rankscope::report {

namespace {

void addValue(std::string& out, const Value& value, Digits digits) {
    if (const auto* words = std::get_if<std::string>(&value)) out += *words;
    if (const auto* whole = std::get_if<std::int64_t>(&value))
        fmt::format_to(std::back_inserter(out), "{}", *whole);
    if (const auto* number = std::get_if<double>(&value)) {
        if (digits == Digits::Shortest)
            fmt::format_to(std::back_inserter(out), "{}", *number);
        else
            fmt::format_to(std::back_inserter(out), "{:.17g}", *number);
    }
}

std::vector<Value> keysOf(const TableData& table) {
    std::vector<Value> keys;
    for (const TableColumn& column : table.columns) keys.emplace_back(column.key);
    return keys;
}

std::vector<Value> valuesOf(const std::vector<Cell>& row) {
    std::vector<Value> values;
    for (const Cell& cell : row) values.push_back(cell.value);
    return values;
}

void addTsvLine(std::string& tsv, std::span<const Value> cells) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
        tsv += c > 0 ? "\t" : "";
        addValue(tsv, cells[c], Digits::Shortest);
    }
    tsv += '\n';
}

std::string escapedLatex(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (std::string_view("&%$#_{}").find(c) != std::string_view::npos)
            out += std::string("\\") + c;
        else if (c == '\\')
            out += "\\textbackslash{}";
        else if (c == '~')
            out += "\\textasciitilde{}";
        else if (c == '^')
            out += "\\textasciicircum{}";
        else
            out += c;
    return out;
}

}  // namespace

std::string csvCell(std::string_view text) {
    std::string cell(text);
    if (!cell.empty() && std::string_view("=+-@\t").find(cell.front()) != std::string_view::npos)
        cell.insert(cell.begin(), '\'');
    if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (char c : cell) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

void addCsvLine(std::string& csv, std::span<const Value> cells, Digits digits) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
        csv += c > 0 ? "," : "";
        if (const auto* words = std::get_if<std::string>(&cells[c]))
            csv += csvCell(*words);
        else
            addValue(csv, cells[c], digits);
    }
    csv += "\r\n";
}

std::string toCsv(const TableData& table) {
    std::string csv;
    addCsvLine(csv, keysOf(table), Digits::Shortest);
    for (const auto& row : table.rows) addCsvLine(csv, valuesOf(row), Digits::Shortest);
    return csv;
}

std::string toTsv(const TableData& table) {
    std::string tsv;
    addTsvLine(tsv, keysOf(table));
    for (const auto& row : table.rows) addTsvLine(tsv, valuesOf(row));
    return tsv;
}

std::string toMarkdown(const TableData& table) {
    std::string out, rule;
    for (const TableColumn& column : table.columns) {
        out += fmt::format("| {} ", column.title);
        rule += rule.empty() ? "|---" : "|---:";
    }
    out += fmt::format("|\n{}|\n", rule);
    for (const auto& row : table.rows) {
        for (const Cell& cell : row)
            out += fmt::format("| {} ", std::holds_alternative<std::string>(cell.value)
                                            ? escapedMarkdown(cell.shown)
                                            : cell.shown);
        out += "|\n";
    }
    return out;
}

std::string toLatex(const TableData& table) {
    std::vector<std::string> cells;
    const auto line = [&cells] {
        std::string text = fmt::format("{} \\\\\n", fmt::join(cells, " & "));
        cells.clear();
        return text;
    };
    std::string sides(table.columns.size(), 'r');
    if (!sides.empty()) sides.front() = 'l';
    for (const TableColumn& column : table.columns) cells.push_back(escapedLatex(column.title));
    std::string out =
        fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n", sides, line());
    for (const auto& row : table.rows) {
        for (const Cell& cell : row) cells.push_back(escapedLatex(cell.shown));
        out += line();
    }
    return out + "\\bottomrule\n\\end{tabular}\n";
}

std::string escapedMarkdown(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\|*_`<>[]#").find(c) != std::string_view::npos) out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

}  // namespace rankscope::report
