// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer/piece_trie.h"

namespace rankscope::text {

/// A token that is found in the text itself, not by the model.
struct AddedToken {
    std::string content;
    std::int32_t id = 0;
    bool singleWord = false;  ///< only if no word character touches it
    bool leftStrip = false;   ///< also takes the white space before it
    bool rightStrip = false;  ///< and after it
    bool normalised = false;  ///< looked for in the normalised text
    bool special = false;     ///< left out when decoding
};

/// A piece of text: an added token, or the text between two.
struct Section {
    std::string_view text;
    std::optional<std::int32_t> token;
};

/// Splits text at added tokens, the leftmost and of those the longest first.
class AddedTokenSplitter {
 public:
    /// `contents` are the strings to look for, one per token.
    AddedTokenSplitter(std::vector<AddedToken> tokens, const std::vector<std::string>& contents);

    /// The sections in order, none empty; well-formed UTF-8.
    std::vector<Section> split(std::string_view text) const;

 private:
    std::vector<AddedToken> m_tokens;
    PieceTrie m_trie;
};

}  // namespace rankscope::text
