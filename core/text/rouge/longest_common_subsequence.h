// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankscope::text {

/// Longest common subsequences with one reference, 64 cells of the dynamic programme at a time
/// (Hyyrö 2004, "Bit-parallel LCS-length computation revisited").
class CommonSubsequence {
 public:
    /// `reference` must outlive this; numbers are in [0, vocabulary).
    CommonSubsequence(std::span<const std::int32_t> reference, std::size_t vocabulary);

    /// Its length with `candidate`.
    std::size_t length(std::span<const std::int32_t> candidate);

    /// Sets `inCommon[i]` for the positions i of the reference that one longest subsequence uses:
    /// the one found from both ends backwards, where equal words are always taken, else the last
    /// word of the candidate is dropped if that is better than to drop the reference's, else the
    /// reference's. Throws Error if the two texts are too long for the table's bits.
    void mark(std::span<const std::int32_t> candidate, std::vector<bool>& inCommon);

 private:
    using Word = std::uint64_t;
    void advance(std::span<Word> row, std::int32_t id);
    std::span<const std::size_t> positions(std::int32_t id) const;

    std::span<const std::int32_t> m_reference;
    std::vector<std::size_t> m_positions;  ///< of the reference, grouped by id
    std::vector<std::size_t> m_firstOfId;  ///< into m_positions; one more at the end
    std::vector<Word> m_matches;           ///< scratch, zero between calls
    std::vector<Word> m_rows;              ///< scratch of mark
};

}  // namespace rankscope::text
