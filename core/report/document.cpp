// SPDX-License-Identifier: Apache-2.0
#include "core/report/document.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "core/report/table_text.h"

namespace rankscope::report {

namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light; }
body { font: 16px/1.55 "Source Serif 4", Charter, Georgia, serif; color: #1b1b1b; background: #fff;
       max-width: 62rem; margin: 3rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 1px solid #ccc; }
p { max-width: 44rem; overflow-wrap: anywhere; }
.subtitle { color: #555; margin-top: .4rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font: 13.5px/1.4 "Source Sans 3", "Helvetica Neue", Arial, sans-serif;
        font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .28rem .8rem; text-align: right; border-bottom: 1px solid #e3e3e3; }
th { border-bottom: 1.5px solid #1b1b1b; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
figure { margin: 1.4rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; max-width: 44rem; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; }
               table, figure { break-inside: avoid; } }
)";

std::string escapedHtml(std::string_view text) {
    std::string out;
    for (const char c : text) switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    return out;
}

struct HtmlWriter {
    std::string& out;

    void operator()(const Heading& heading) const {
        out += fmt::format("<h2>{}</h2>\n", escapedHtml(heading.text));
    }
    void operator()(const Paragraph& paragraph) const {
        out += fmt::format("<p>{}</p>\n", escapedHtml(paragraph.text));
    }
    void operator()(const Table& table) const {
        out += fmt::format("<div class=\"scroll\"><table>\n<caption>{}</caption>\n<thead><tr>",
                           escapedHtml(table.caption));
        for (const auto& cell : table.header)
            out += fmt::format("<th scope=\"col\">{}</th>", escapedHtml(cell));
        out += "</tr></thead>\n<tbody>\n";
        for (const auto& row : table.rows) {
            out += "<tr>";
            for (const auto& cell : row) out += fmt::format("<td>{}</td>", escapedHtml(cell));
            out += "</tr>\n";
        }
        out += "</tbody></table></div>\n";
    }
    void operator()(const Picture& picture) const {
        const std::string caption = escapedHtml(picture.caption);
        out += fmt::format(
            "<figure><img src=\"{0}\" alt=\"{1}\"><figcaption>{1}</figcaption></figure>\n",
            escapedHtml(picture.file), caption);
    }
};

struct MarkdownWriter {
    std::string& out;

    void operator()(const Heading& heading) const {
        out += fmt::format("## {}\n\n", escapedMarkdown(heading.text));
    }
    void operator()(const Paragraph& paragraph) const {
        out += escapedMarkdown(paragraph.text) + "\n\n";
    }
    void operator()(const Table& table) const {
        out += fmt::format("**{}**\n\n", escapedMarkdown(table.caption));
        TableData data = tableData(table);
        for (TableColumn& column : data.columns) column.title = escapedMarkdown(column.title);
        out += toMarkdown(data) + '\n';
    }
    void operator()(const Picture& picture) const {
        out += fmt::format("![{}]({})\n\n", escapedMarkdown(picture.caption), picture.file);
    }
};

}  // namespace

void Document::addHeading(std::string text) { blocks.emplace_back(Heading{std::move(text)}); }

std::string toHtml(const Document& document) {
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n"
        "<p class=\"subtitle\">{2}</p>\n",
        escapedHtml(document.title), style, escapedHtml(document.subtitle));
    for (const auto& block : document.blocks) std::visit(HtmlWriter{out}, block);
    return out + "</body>\n</html>\n";
}

std::string toMarkdown(const Document& document) {
    std::string out = fmt::format("# {}\n\n{}\n\n", escapedMarkdown(document.title),
                                  escapedMarkdown(document.subtitle));
    for (const auto& block : document.blocks) std::visit(MarkdownWriter{out}, block);
    out.pop_back();
    return out;
}

TableData tableData(const Table& table) {
    TableData data;
    for (const std::string& title : table.header)
        data.columns.push_back({.key = title, .title = title, .help = {}});
    for (const auto& row : table.rows) {
        std::vector<Cell>& cells = data.rows.emplace_back();
        for (const std::string& words : row) cells.push_back({words, words});
    }
    return data;
}

}  // namespace rankscope::report
