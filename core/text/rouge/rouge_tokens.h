// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rankscope::text {

/// The words of a text as numbers, and the positions of its line ends among them.
struct RougeTokens {
    std::vector<std::int32_t> ids;
    std::vector<std::size_t> lineEnds;  ///< one per line, ascending; the last is ids.size()

    std::span<const std::int32_t> line(std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : lineEnds[index - 1];
        return std::span(ids).subspan(begin, lineEnds[index] - begin);
    }
};

/// Numbers the words of the texts to be compared; equal words have equal numbers.
class RougeVocabulary {
 public:
    explicit RougeVocabulary(bool stemmer) : m_stemmer(stemmer) {}

    /// Words as rouge_score 0.1.2 finds them: lower case as Python's lower(), runs of [a-z0-9],
    /// stemmed if longer than 3 characters. Lines end at "\n".
    RougeTokens tokenize(std::string_view text);

    /// One more than the largest number given out.
    std::size_t size() const { return m_idOfStem.size(); }

 private:
    std::int32_t idOf(const std::string& word);

    bool m_stemmer;
    std::unordered_map<std::string, std::int32_t> m_idOfWord, m_idOfStem;
};

}  // namespace rankscope::text
