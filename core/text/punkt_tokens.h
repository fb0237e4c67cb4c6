// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/text/punkt_parameters.h"

namespace rankscope::text {

/// Whether a sentence ends before the last word of `context`: the words around one ".", "?" or "!",
/// judged by Kiss and Strunk 2006, sections 4.1 to 4.3, as nltk 3.9 does.
bool hasSentenceBreak(std::u32string_view context, const PunktParameters& parameters);

}  // namespace rankscope::text
