// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rankscope::cli {

/// Text as roff has to have it written: no character of it is taken for a request or a font.
std::string manText(std::string_view text);
std::string manBold(std::string_view text);
std::string manItalic(std::string_view text);

/// Text in which `words between backticks` are to be typed as they stand: these become bold.
std::string manProse(std::string_view text);

/// The sections that no option table holds.
std::string manIntroduction();
std::string manConventions();
std::string manWindowDescription();
std::string manWindowFiles();

}  // namespace rankscope::cli
