// SPDX-License-Identifier: Apache-2.0
#include "core/report/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/report/table_text.h"

namespace rankscope::report {
namespace {

using testing::HasSubstr;
using testing::Not;

const Table table{"Cap & <b>", {"name", "a|b"}, {{"<script>x</script>", "1"}, {"=1+1", "2,3"}}};
const Document document{
    "T <1>", "S", {Heading{"H"}, Paragraph{"a < b & c"}, table, Picture{"p.png", "Pic \"1\""}}};

TEST(Html, EscapesWhatComesFromFiles) {
    const std::string html = toHtml(document);
    EXPECT_THAT(html, HasSubstr("<h1>T &lt;1&gt;</h1>"));
    EXPECT_THAT(html, HasSubstr("<p>a &lt; b &amp; c</p>"));
    EXPECT_THAT(html, HasSubstr("<td>&lt;script&gt;x&lt;/script&gt;</td><td>1</td>"));
    EXPECT_THAT(html, HasSubstr("src=\"p.png\" alt=\"Pic &quot;1&quot;\""));
    EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(Markdown, KeepsTablesWhole) {
    const std::string text = toMarkdown(document);
    EXPECT_THAT(text, HasSubstr("| name | a\\|b |\n|---|---:|\n"));
    EXPECT_THAT(text, HasSubstr("\\<script\\>"));
    EXPECT_THAT(text, HasSubstr("## H\n"));
}

TEST(TableCsv, QuotesAndDisarms) {
    EXPECT_EQ(toCsv(tableData(table)), "name,a|b\r\n<script>x</script>,1\r\n'=1+1,\"2,3\"\r\n");
}

}  // namespace
}  // namespace rankscope::report
