// SPDX-License-Identifier: Apache-2.0
#include "app/cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rankscope::cli {

namespace {

/// Characters, not bytes: continuation bytes of UTF-8 take no column.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

bool isNumber(const std::string& cell) {
    return !cell.empty() && cell.find_first_of("0123456789") != std::string::npos &&
           cell.find_first_not_of("0123456789.,+-e% ") == std::string::npos;
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) { m_rows.push_back(std::move(header)); }

TextTable::TextTable(const report::TableData& table) {
    std::vector<std::string>& header = m_rows.emplace_back();
    for (const report::TableColumn& column : table.columns) header.push_back(column.title);
    for (const auto& row : table.rows) {
        std::vector<std::string>& cells = m_rows.emplace_back();
        for (const report::Cell& cell : row) cells.push_back(cell.shown);
    }
}

void TextTable::addRow(std::vector<std::string> cells) {
    cells.resize(m_rows.front().size());
    m_rows.push_back(std::move(cells));
}

std::string TextTable::text() const {
    const std::size_t columns = m_rows.front().size();
    std::vector<std::size_t> widths(columns, 0);
    std::vector<bool> right(columns, m_rows.size() > 1);
    for (std::size_t r = 0; r < m_rows.size(); ++r)
        for (std::size_t c = 0; c < columns; ++c) {
            widths[c] = std::max(widths[c], width(m_rows[r][c]));
            const std::string& cell = m_rows[r][c];
            if (c == 0 || (r > 0 && cell != "-" && !cell.empty() && !isNumber(cell)))
                right[c] = false;
        }
    std::string text;
    for (const auto& row : m_rows) {
        std::string line;
        for (std::size_t c = 0; c < columns; ++c) {
            const std::string padding(widths[c] - width(row[c]), ' ');
            line += c > 0 ? "  " : "";
            line += right[c] ? padding + row[c] : row[c] + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string grouped(std::int64_t number) {
    std::string text = fmt::format("{}", number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, 1, ',');
    return text;
}

std::string signedPercent(std::int64_t before, std::int64_t after) {
    if (before == 0) return "-";
    const double change = 100.0 * static_cast<double>(after - before) / static_cast<double>(before);
    return fmt::format("{:+.1f} %", change);
}

}  // namespace rankscope::cli
