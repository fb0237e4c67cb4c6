// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/text/sentences/punkt_parameters.h"

namespace rankscope::text {

/// Characters that end a word, and those of them that may close a sentence after its period.
/// Quotation marks beyond ASCII are nltk's since 3.10.4.
inline constexpr std::u32string_view wordEnds =
    U")\";}]*:@'({[?!\u2018\u2019\u201C\u201D\u00AB\u00BB";
inline constexpr std::u32string_view closingMarks = U"\"')]}\u2018\u2019\u201C\u201D\u00AB\u00BB";

/// Whether a sentence ends before the last word of `context`: the words around one ".", "?" or "!",
/// judged by Kiss and Strunk 2006, sections 4.1 to 4.3, as nltk 3.10.4 does.
bool hasSentenceBreak(std::u32string_view context, const PunktParameters& parameters);

}  // namespace rankscope::text
