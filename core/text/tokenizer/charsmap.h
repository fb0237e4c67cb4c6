// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::text {

/// Text after normalisation, with what later steps must know about its origin.
struct Normalised {
    std::string text;
    /// Leading bytes that come from the very first character of the original text; Metaspace's
    /// prepend_scheme "first" asks for it.
    std::size_t fromStart = 0;
};

/// SentencePiece's precompiled normaliser: a double-array trie (Aoe 1989, in the layout of
/// darts-clone) over UTF-8 bytes that leads to replacement strings. Applied as the `tokenizers`
/// library applies it: a grapheme cluster (UAX #29) of fewer than 6 bytes is looked up first, then
/// its characters one by one; of several matching prefixes the shortest counts, and its replacement
/// replaces the whole that was looked up.
class Charsmap {
 public:
    /// From the bytes of "precompiled_charsmap": length of the trie, trie, strings each ending in
    /// NUL. Every offset the trie can lead to is checked here. Throws Error: `where` names file and
    /// field.
    Charsmap(const std::string& bytes, std::string_view where);
    Charsmap(const Charsmap&) = delete;
    Charsmap& operator=(const Charsmap&) = delete;

    /// `text` must be well-formed UTF-8.
    Normalised normalise(std::string_view text) const;

 private:
    void checkReachable(std::string_view where) const;
    std::uint32_t unit(std::size_t position) const { return m_units[position]; }
    std::optional<std::string_view> replacement(std::string_view key) const;
    static void append(Normalised& out, std::string_view part, bool oneCharacter);

    std::vector<std::uint32_t> m_units;
    std::string m_strings;
    std::array<std::optional<std::string_view>, 128> m_ascii;  ///< views of m_strings
};

}  // namespace rankscope::text
