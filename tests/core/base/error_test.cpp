// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace rankscope {
namespace {

using namespace std::string_literals;

TEST(Error, CarriesSentenceSubjectAndKind) {
    const Error error("model.safetensors: it is empty.", "model.safetensors");
    EXPECT_STREQ(error.what(), "model.safetensors: it is empty.");
    EXPECT_EQ(error.subject(), "model.safetensors");
    EXPECT_EQ(error.kind(), ErrorKind::Failed);
    EXPECT_EQ(usageError("Rank 0 is too small.").kind(), ErrorKind::Usage);
}

TEST(Printable, LeavesOrdinaryTextAlone) {
    EXPECT_EQ(printable("encoder.block.0 é 漢 😀"), "encoder.block.0 é 漢 😀");
    EXPECT_EQ(printable(""), "");
}

TEST(Printable, WritesControlCharactersAsEscapes) {
    EXPECT_EQ(printable("a\nb\tc\x1b[31m"), "a\\u000ab\\u0009c\\u001b[31m");
    EXPECT_EQ(printable("a\0b"s), "a\\u0000b");
    EXPECT_EQ(printable("\x7f\xc2\x85"), "\\u007f\\u0085");  // DEL and NEL
}

TEST(Printable, ShowsMarksThatTurnTheReadingDirection) {
    EXPECT_EQ(printable("a\u202Eb"), "a\\u202eb");
    EXPECT_EQ(printable("\u2066x\u2069"), "\\u2066x\\u2069");
    EXPECT_EQ(printable("\u200Bzero width"), "\\u200bzero width");
}

TEST(Printable, WritesInvalidUtf8AsBytes) {
    EXPECT_EQ(printable("a\xFF"), "a\\xff");
    EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");                    // overlong "/"
    EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // a surrogate
    EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");                    // cut short
    EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
}

TEST(Printable, CutsLongText) {
    EXPECT_EQ(printable(std::string(1 << 20, 'x'), 10), "xxxxxxxxxx…");
    EXPECT_EQ(printable("xxxxxxxxxx", 10), "xxxxxxxxxx");
}

TEST(ErrnoText, NamesTheReason) {
    EXPECT_NE(errnoText(ENOENT).find("No such file"), std::string::npos) << errnoText(ENOENT);
}

}  // namespace
}  // namespace rankscope
