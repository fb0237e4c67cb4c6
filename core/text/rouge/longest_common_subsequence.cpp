// SPDX-License-Identifier: Apache-2.0
#include "core/text/rouge/longest_common_subsequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/base/error.h"

namespace rankscope::text {

namespace {

constexpr std::size_t wordBits = 64;
constexpr std::size_t mostWords = std::size_t{1} << 27U;  // 1 GB of table

}  // namespace

CommonSubsequence::CommonSubsequence(std::span<const std::int32_t> reference,
                                     std::size_t vocabulary)
    : m_reference(reference),
      m_positions(reference.size()),
      m_firstOfId(vocabulary + 1),
      m_matches((reference.size() + wordBits - 1) / wordBits) {
    for (const std::int32_t id : reference) ++m_firstOfId[static_cast<std::size_t>(id) + 1];
    for (std::size_t id = 0; id < vocabulary; ++id) m_firstOfId[id + 1] += m_firstOfId[id];
    std::vector<std::size_t> next = m_firstOfId;
    for (std::size_t i = 0; i < reference.size(); ++i)
        m_positions[next[static_cast<std::size_t>(reference[i])]++] = i;
}

std::span<const std::size_t> CommonSubsequence::positions(std::int32_t id) const {
    const auto index = static_cast<std::size_t>(id);
    return std::span(m_positions)
        .subspan(m_firstOfId[index], m_firstOfId[index + 1] - m_firstOfId[index]);
}

// Bit i of a row is clear if the table grows from position i to i + 1 of the reference.
void CommonSubsequence::advance(std::span<Word> row, std::int32_t id) {
    for (const std::size_t i : positions(id)) m_matches[i / wordBits] |= Word{1} << (i % wordBits);
    Word carry = 0;
    for (std::size_t w = 0; w < row.size(); ++w) {
        const Word hit = row[w] & m_matches[w];
        const Word sum = row[w] + hit;
        const Word withCarry = sum + carry;
        carry = static_cast<Word>(sum < hit) | static_cast<Word>(withCarry < carry);
        row[w] = withCarry | (row[w] & ~m_matches[w]);
    }
    for (const std::size_t i : positions(id)) m_matches[i / wordBits] = 0;
}

std::size_t CommonSubsequence::length(std::span<const std::int32_t> candidate) {
    std::vector<Word> row(m_matches.size(), ~Word{0});
    for (const std::int32_t id : candidate) advance(row, id);
    std::size_t grown = 0;
    for (std::size_t w = 0; w < row.size(); ++w) {
        const std::size_t rest = m_reference.size() - w * wordBits;
        const Word used = rest >= wordBits ? ~Word{0} : (Word{1} << rest) - 1;
        grown += static_cast<std::size_t>(std::popcount(~row[w] & used));
    }
    return grown;
}

void CommonSubsequence::mark(std::span<const std::int32_t> candidate, std::vector<bool>& inCommon) {
    const std::size_t width = m_matches.size();
    if (width == 0 || candidate.empty()) return;
    if (candidate.size() > mostWords / width)
        throw Error(
            fmt::format("ROUGE-Lsum of a line of {} words against one of {} needs more "
                        "memory than is allowed. Split the texts into shorter lines.",
                        m_reference.size(), candidate.size()));
    m_rows.resize(width * candidate.size());
    std::vector<Word> row(width, ~Word{0});
    for (std::size_t j = 0; j < candidate.size(); ++j) {
        advance(row, candidate[j]);
        std::copy(row.begin(), row.end(), m_rows.begin() + static_cast<std::ptrdiff_t>(j * width));
    }
    std::size_t i = m_reference.size();
    std::size_t j = candidate.size();
    while (i > 0 && j > 0) {
        const std::size_t last = i - 1;
        if (m_reference[last] == candidate[j - 1]) {
            inCommon[last] = true;
            --i;
            --j;
        } else if ((m_rows[(j - 1) * width + last / wordBits] >> (last % wordBits) & 1U) == 0) {
            // The reference's last word adds to the length and does not match here, so the length
            // stays without the candidate's last word and shrinks without the reference's.
            --j;
        } else {
            --i;
        }
    }
}

}  // namespace rankscope::text
