// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer/piece_trie.h"

namespace rankscope::text {

/// A Unigram language model (Kudo 2018): pieces with log probabilities.
class Unigram {
 public:
    /// `scores` one per piece. No piece is longer than 4096 bytes, none empty; `unknown` is a
    /// position in `pieces`.
    Unigram(std::vector<std::string> pieces, std::vector<double> scores, std::int32_t unknown);

    /// Appends the ids of the best segmentation of a word of well-formed UTF-8: the path with the
    /// largest sum of scores, summed in double from the left; of equal paths to a place the first
    /// one found, coming from the shorter prefix. A character that is not a piece costs the lowest
    /// score less 10; adjacent unknown ones give one id. Linear in time; memory for the undecided
    /// part of the word.
    void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

    const std::vector<std::string>& pieces() const { return m_pieces; }
    std::int32_t find(std::string_view piece) const { return m_trie.find(piece); }
    std::int32_t unknown() const { return m_unknown; }

 private:
    friend class WordLattice;
    std::vector<std::string> m_pieces;
    std::vector<double> m_scores;
    std::int32_t m_unknown;
    double m_unknownScore;
    PieceTrie m_trie;
};

/// Bytes a piece may have; T5's longest has 47.
inline constexpr std::size_t longestPiece = 4096;

}  // namespace rankscope::text
