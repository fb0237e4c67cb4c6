// SPDX-License-Identifier: Apache-2.0
#include "core/text/rouge/rouge_tokens.h"

#include "core/text/rouge/porter_stemmer.h"

namespace rankscope::text {

namespace {

constexpr std::size_t shortestStemmed = 4;

// The only two characters outside ASCII whose lower case holds an ASCII letter.
constexpr std::string_view kelvinSign = "\xE2\x84\xAA";        // U+212A: k
constexpr std::string_view capitalIWithDotAbove = "\xC4\xB0";  // U+0130: i and a combining dot

}  // namespace

std::int32_t RougeVocabulary::idOf(const std::string& word) {
    const auto next = static_cast<std::int32_t>(m_idOfStem.size());
    if (!m_stemmer || word.size() < shortestStemmed)
        return m_idOfStem.try_emplace(word, next).first->second;
    const auto known = m_idOfWord.find(word);
    if (known != m_idOfWord.end()) return known->second;
    const std::int32_t id = m_idOfStem.try_emplace(porterStem(word), next).first->second;
    m_idOfWord.emplace(word, id);
    return id;
}

RougeTokens RougeVocabulary::tokenize(std::string_view text) {
    RougeTokens tokens;
    std::string word;
    const auto endWord = [&] {
        if (!word.empty()) tokens.ids.push_back(idOf(word));
        word.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word += c;
        } else if (c >= 'A' && c <= 'Z') {
            word += static_cast<char>(c - 'A' + 'a');
        } else if (text.substr(i).starts_with(kelvinSign)) {
            word += 'k';
            i += kelvinSign.size() - 1;
        } else if (text.substr(i).starts_with(capitalIWithDotAbove)) {
            word += 'i';
            endWord();
            i += capitalIWithDotAbove.size() - 1;
        } else {
            endWord();
            if (c == '\n') tokens.lineEnds.push_back(tokens.ids.size());
        }
    }
    endWord();
    tokens.lineEnds.push_back(tokens.ids.size());
    return tokens;
}

}  // namespace rankscope::text
