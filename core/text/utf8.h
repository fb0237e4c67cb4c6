// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rankscope::text {

/// One character of UTF-8 text.
struct Character {
    char32_t code = 0;
    std::size_t bytes = 0;  ///< 0: no well-formed character here
};

/// The character that begins at `position` < text.size(). Overlong forms, surrogates and code
/// points over U+10FFFF are not well-formed (Unicode 15, table 3-7).
Character characterAt(std::string_view text, std::size_t position);

bool isUtf8(std::string_view text);

/// The text with every maximal ill-formed part replaced by one U+FFFD, as Python's
/// bytes.decode("utf-8", "replace") does.
std::string repairedUtf8(std::string_view text);

/// Unicode's White_Space property.
bool isWhiteSpace(char32_t code);

/// White space bytes at either end of well-formed text.
std::size_t leadingWhiteSpace(std::string_view text);
std::size_t trailingWhiteSpace(std::string_view text);

}  // namespace rankscope::text
