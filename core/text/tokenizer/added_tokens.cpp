// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

/// \w of Unicode regular expressions (UTS #18, annex C).
bool isWordCharacter(char32_t code) {
    if (code == 0x200C || code == 0x200D) return true;
    // Letters by the property Alphabetic though symbols by category: circled and squared ones.
    if ((code >= 0x24B6 && code <= 0x24E9) || (code >= 0x1F130 && code <= 0x1F149) ||
        (code >= 0x1F150 && code <= 0x1F169) || (code >= 0x1F170 && code <= 0x1F189))
        return true;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_PC:
            return true;
        default:
            return false;
    }
}

bool startsWithWord(std::string_view text) {
    return !text.empty() && isWordCharacter(characterAt(text, 0).code);
}

bool endsWithWord(std::string_view text) {
    if (text.empty()) return false;
    std::size_t position = text.size() - 1;
    while (position > 0 && (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80) --position;
    return isWordCharacter(characterAt(text, position).code);
}

}  // namespace

AddedTokenSplitter::AddedTokenSplitter(std::vector<AddedToken> tokens,
                                       const std::vector<std::string>& contents)
    : m_tokens(std::move(tokens)), m_trie(contents) {}

std::vector<Section> AddedTokenSplitter::split(std::string_view text) const {
    std::vector<Section> sections;
    std::size_t done = 0;
    for (std::size_t position = 0; position < text.size();) {
        std::size_t bytes = 0;
        std::size_t found = 0;
        if (m_trie.starts(static_cast<unsigned char>(text[position])))
            m_trie.prefixes(text.substr(position), [&](std::size_t length, std::int32_t index) {
                bytes = length;
                found = static_cast<std::size_t>(index);
            });
        if (bytes == 0) {
            ++position;
            continue;
        }
        std::size_t begin = position;
        std::size_t end = position + bytes;
        position = end;
        const AddedToken& token = m_tokens[found];
        if (token.singleWord &&
            (endsWithWord(text.substr(0, begin)) || startsWithWord(text.substr(end))))
            continue;
        // White space that an earlier token took is not taken twice.
        begin = std::max(begin, done);
        if (token.leftStrip) begin -= trailingWhiteSpace(text.substr(done, begin - done));
        if (token.rightStrip) end += leadingWhiteSpace(text.substr(end));
        if (begin > done) sections.push_back({text.substr(done, begin - done), std::nullopt});
        sections.push_back({text.substr(begin, std::max(begin, end) - begin), token.id});
        done = std::max(begin, end);
    }
    if (done < text.size()) sections.push_back({text.substr(done), std::nullopt});
    return sections;
}

}  // namespace rankscope::text
