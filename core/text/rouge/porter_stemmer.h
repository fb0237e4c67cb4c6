// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rankscope::text {

/// The stem of a lower-case word as NLTK's PorterStemmer in its default mode gives it.
std::string porterStem(std::string_view word);

}  // namespace rankscope::text
