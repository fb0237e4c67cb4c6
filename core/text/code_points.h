// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::text {

/// A text character by character, and the byte at which each begins.
struct CodePoints {
    std::u32string points;
    std::vector<std::size_t> begins;  ///< one more than points: the last is the text's length
};

/// Decodes UTF-8; a byte outside any character counts as one U+FFFD.
CodePoints codePointsOf(std::string_view text);

/// Matches \s of Python's regular expressions, which is what its strip() removes.
bool isSpace(char32_t c);
/// A decimal digit of any script (\d).
bool isDigit(char32_t c);
/// Matches [^\W\d]: letters, numbers that are not decimal digits, and the underscore.
bool isWordLetter(char32_t c);
/// As Python's isupper() and islower() of one character.
bool isUpperCase(char32_t c);
bool isLowerCase(char32_t c);

/// Lower case as UTF-8, as Python's lower() except that a capital sigma never becomes a final one.
std::string lowerCase(std::u32string_view text);

}  // namespace rankscope::text
