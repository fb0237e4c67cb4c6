// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankscope::text {

/// How pieces become text again.
struct Decoder {
    std::string mark = "\u2581";  ///< becomes a space
    bool dropFirstMark = true;    ///< in the first piece it becomes nothing
};

/// The pieces side by side, marks as spaces.
std::string joinPieces(const std::vector<std::string_view>& pieces, const Decoder& decoder);

/// Removes the spaces that English does not write: before . ? ! , and n't 'm 's 've 're, and around
/// a lone ' (transformers' clean_up_tokenization).
std::string cleanedUp(std::string text);

}  // namespace rankscope::text
