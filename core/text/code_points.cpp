// SPDX-License-Identifier: Apache-2.0
#include "core/text/code_points.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rankscope::text {

namespace {

using Range = std::pair<char32_t, char32_t>;

// Unicode's Other_Uppercase and Other_Lowercase: cased, but no letters of category Lu or Ll.
constexpr Range otherUpper[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
};
constexpr Range otherLower[] = {
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},
    {0x2E0, 0x2E4},     {0x345, 0x345},     {0x37A, 0x37A},     {0x1D2C, 0x1D6A},
    {0x1D78, 0x1D78},   {0x1D9B, 0x1DBF},   {0x2071, 0x2071},   {0x207F, 0x207F},
    {0x2090, 0x209C},   {0x2170, 0x217F},   {0x24D0, 0x24E9},   {0x2C7C, 0x2C7D},
    {0xA69C, 0xA69D},   {0xA770, 0xA770},   {0xA7F8, 0xA7F9},   {0xAB5C, 0xAB5F},
    {0x10780, 0x10780}, {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA},
};

template <std::size_t size>
bool within(char32_t c, const Range (&ranges)[size]) {
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [c](const Range& range) { return c >= range.first && c <= range.second; });
}

utf8proc_category_t categoryOf(char32_t c) {
    return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

void appendUtf8(std::string& text, char32_t c) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t count =
        utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
    text.append(bytes.begin(), bytes.begin() + count);
}

}  // namespace

CodePoints codePointsOf(std::string_view text) {
    CodePoints result;
    const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    for (std::size_t i = 0; i < text.size();) {
        utf8proc_int32_t point = 0;
        const utf8proc_ssize_t used =
            utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &point);
        result.begins.push_back(i);
        result.points.push_back(used > 0 ? static_cast<char32_t>(point) : U'\uFFFD');
        i += used > 0 ? static_cast<std::size_t>(used) : 1;
    }
    result.begins.push_back(text.size());
    return result;
}

bool isSpace(char32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    if (c == 0x85) return true;
    const utf8proc_category_t category = categoryOf(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

bool isDigit(char32_t c) {
    return c < 0x80 ? c >= '0' && c <= '9' : categoryOf(c) == UTF8PROC_CATEGORY_ND;
}

bool isWordLetter(char32_t c) {
    if (c == '_') return true;
    switch (categoryOf(c)) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            return true;
        default:
            return false;
    }
}

bool isUpperCase(char32_t c) {
    return categoryOf(c) == UTF8PROC_CATEGORY_LU || within(c, otherUpper);
}

bool isLowerCase(char32_t c) {
    return categoryOf(c) == UTF8PROC_CATEGORY_LL || within(c, otherLower);
}

std::string lowerCase(std::u32string_view text) {
    constexpr char32_t capitalIWithDotAbove = 0x130;
    std::string lower;
    for (const char32_t c : text) {
        if (c == capitalIWithDotAbove)
            lower += "i\xCC\x87";  // i and U+0307, the only letter that becomes two
        else
            appendUtf8(lower,
                       static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
    return lower;
}

}  // namespace rankscope::text
