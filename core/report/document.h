// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/report/table.h"

namespace rankscope::report {

struct Heading {
    std::string text;
};

struct Paragraph {
    std::string text;
};

/// All cells are plain text; columns named in `header`, the first to the left, others to the right.
struct Table {
    std::string caption;
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
};

/// A picture lying beside the document.
struct Picture {
    std::string file;  ///< e.g. "spectra.png"
    std::string caption;
};

/// A report as content alone; two writers give it a form.
struct Document {
    std::string title;
    std::string subtitle;
    std::vector<std::variant<Heading, Paragraph, Table, Picture>> blocks;

    void addHeading(std::string text);
};

/// One HTML page: style inline, no script, nothing from the network; pictures by relative name.
std::string toHtml(const Document& document);

/// The same as GitHub Markdown.
std::string toMarkdown(const Document& document);

/// The table of words for the writers of core/report/table_text.h; keys are the header.
TableData tableData(const Table& table);

}  // namespace rankscope::report
