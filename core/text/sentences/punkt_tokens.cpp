// SPDX-License-Identifier: Apache-2.0
#include "core/text/sentences/punkt_tokens.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "core/text/code_points.h"

namespace rankscope::text {

namespace {

constexpr std::string_view numberType = "##number##";

struct Token {
    std::u32string_view text;
    std::string type;
    bool periodFinal = false;
    bool sentenceBreak = false, abbreviation = false, ellipsis = false;

    std::string typeWithoutPeriod() const {
        return type.size() > 1 && type.back() == '.' ? type.substr(0, type.size() - 1) : type;
    }
    std::string typeWithoutSentencePeriod() const {
        return sentenceBreak ? typeWithoutPeriod() : type;
    }
    bool initial() const { return text.size() == 2 && isWordLetter(text[0]) && text[1] == U'.'; }
};

enum class Starts { No, Yes, Unknown };

bool oneOf(char32_t c, std::u32string_view set) { return set.find(c) != std::u32string_view::npos; }

/// The length of "--", "..." or ". . ." at the beginning of `text`, else 0.
std::size_t manyPunctuation(std::u32string_view text) {
    for (const char32_t mark : {U'-', U'.'}) {
        const std::size_t run = std::min(text.find_first_not_of(mark), text.size());
        if (run >= 2) return run;
    }
    std::size_t end = 0;  // after the last period that is a white space away from the one before
    while (end + 1 < text.size() && text[end] == U'.' && isSpace(text[end + 1])) end += 2;
    if (end >= text.size() || text[end] != U'.') end -= std::min<std::size_t>(end, 2);
    return end >= 4 ? end + 1 : 0;
}

bool endsWord(std::u32string_view rest) {
    return rest.empty() || isSpace(rest[0]) || oneOf(rest[0], wordEnds) ||
           manyPunctuation(rest) > 0;
}

/// The length of the token at the beginning of `text`, which is not white space.
std::size_t tokenLength(std::u32string_view text) {
    if (const std::size_t length = manyPunctuation(text); length > 0) return length;
    if (oneOf(text[0], U"(\"`{[:;&#*@)}]-,")) return 1;
    std::size_t length = 1;
    while (!endsWord(text.substr(length)) &&
           !(text[length] == U',' && endsWord(text.substr(length + 1))))
        ++length;
    return length;
}

/// -?[.,]?\d[\d,.-]*, whole.
bool isNumber(std::u32string_view text) {
    std::size_t i = text.starts_with(U'-') ? 1 : 0;
    if (i < text.size() && oneOf(text[i], U".,")) ++i;
    return i < text.size() && isDigit(text[i]) &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(),
                       [](char32_t c) { return isDigit(c) || oneOf(c, U",.-"); });
}

bool knownAbbreviation(std::u32string_view text, const PunktParameters& parameters) {
    const std::string word = lowerCase(text);
    // The part after the last hyphen counts too; npos + 1 is the whole word.
    return parameters.abbreviations.contains(word) ||
           parameters.abbreviations.contains(word.substr(word.rfind('-') + 1));
}

Token firstPass(std::u32string_view text, const PunktParameters& parameters) {
    Token token;
    token.text = text;
    token.type = isNumber(text) ? std::string(numberType) : lowerCase(text);
    token.periodFinal = text.ends_with(U'.');
    if (text == U"." || text == U"?" || text == U"!") {
        token.sentenceBreak = true;
    } else if (text.size() > 1 && text.find_first_not_of(U'.') == std::u32string_view::npos) {
        token.ellipsis = true;
    } else if (token.periodFinal && !text.ends_with(U"..")) {
        token.abbreviation = knownAbbreviation(text.substr(0, text.size() - 1), parameters);
        token.sentenceBreak = !token.abbreviation;
    }
    return token;
}

/// No token reaches over the end of a line, not even ". . .".
std::vector<Token> tokensOf(std::u32string_view text, const PunktParameters& parameters) {
    std::vector<Token> tokens;
    while (!text.empty()) {
        std::u32string_view line = text.substr(0, text.find(U'\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        while (!line.empty()) {
            const std::size_t length = isSpace(line[0]) ? 1 : tokenLength(line);
            if (!isSpace(line[0])) tokens.push_back(firstPass(line.substr(0, length), parameters));
            line.remove_prefix(length);
        }
    }
    return tokens;
}

/// Section 4.1.1: what the first letter's case says about a word.
Starts startsSentence(const Token& token, const PunktParameters& parameters) {
    if (token.text.size() == 1 && oneOf(token.text[0], U";:,.!?")) return Starts::No;
    const unsigned seen = parameters.orthographyOf(token.typeWithoutSentencePeriod());
    if (isUpperCase(token.text[0]) && (seen & AnyLower) != 0 && (seen & InsideUpper) == 0)
        return Starts::Yes;
    if (isLowerCase(token.text[0]) && ((seen & AnyUpper) != 0 || (seen & BeginsLower) == 0))
        return Starts::No;
    return Starts::Unknown;
}

void markAbbreviation(Token& token) {
    token.sentenceBreak = false;
    token.abbreviation = true;
}

void secondPass(Token& token, const Token& next, const PunktParameters& parameters) {
    if (!token.periodFinal) return;
    const std::string type = token.typeWithoutPeriod();
    const std::string nextType = next.typeWithoutSentencePeriod();
    const bool initial = token.initial();
    if (parameters.collocations.contains(type + '\t' + nextType)) {  // 4.1.2
        markAbbreviation(token);
        return;
    }
    const Starts starts = startsSentence(next, parameters);
    if ((token.abbreviation || token.ellipsis) && !initial) {  // 4.2
        if (starts == Starts::Yes ||
            (isUpperCase(next.text[0]) && parameters.starters.contains(nextType))) {  // 4.1.3
            token.sentenceBreak = true;
            return;
        }
    }
    if (!initial && type != numberType) return;  // 4.3: initials and ordinals
    if (starts == Starts::No ||
        (starts == Starts::Unknown && initial && isUpperCase(next.text[0]) &&
         (parameters.orthographyOf(nextType) & AnyLower) == 0))
        markAbbreviation(token);
}

}  // namespace

bool hasSentenceBreak(std::u32string_view context, const PunktParameters& parameters) {
    std::vector<Token> tokens = tokensOf(context, parameters);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        secondPass(tokens[i], tokens[i + 1], parameters);
        if (tokens[i].sentenceBreak) return true;
    }
    return false;
}

}  // namespace rankscope::text
