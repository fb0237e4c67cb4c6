// SPDX-License-Identifier: Apache-2.0
#include "core/text/rouge/porter_stemmer.h"

// Porter 1980, "An algorithm for suffix stripping", with the departures NLTK makes by default:
// 16 irregular words, words of at most 2 letters unchanged, 4-letter -ies and -ied to -ie, y to i
// only after a consonant and not in 2-letter words, *o also for a vowel and a consonant alone,
// -alli before the rest of step 2, -bli, -fulli and -logi.
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rankscope::text {

namespace {

struct Rule {
    std::string_view suffix, replacement;
};

constexpr std::pair<std::string_view, std::string_view> irregular[] = {
    {"sky", "sky"},        {"skies", "sky"},       {"dying", "die"},        {"lying", "lie"},
    {"tying", "tie"},      {"news", "news"},       {"innings", "inning"},   {"inning", "inning"},
    {"outings", "outing"}, {"outing", "outing"},   {"cannings", "canning"}, {"canning", "canning"},
    {"howe", "howe"},      {"proceed", "proceed"}, {"exceed", "exceed"},    {"succeed", "succeed"},
};

constexpr Rule pluralRules[] = {{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}};

constexpr Rule longSuffixRules[] = {
    {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
    {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
    {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"},
    {"fulli", "ful"},
};

constexpr Rule shorterSuffixRules[] = {
    {"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
    {"ical", "ic"},  {"ful", ""},   {"ness", ""},
};

constexpr std::string_view removedSuffixes[] = {
    "al",  "ance", "ence", "er",  "ic",  "able", "ible", "ant", "ement", "ment",
    "ent", "ion",  "ou",   "ism", "ate", "iti",  "ous",  "ive", "ize",
};

/// A word being stemmed, with each letter's kind.
class Word {
 public:
    explicit Word(std::string_view letters) { append(letters); }

    const std::string& letters() const { return m_letters; }
    std::size_t size() const { return m_letters.size(); }
    char last() const { return m_letters.back(); }
    bool endsWith(std::string_view suffix) const {
        return m_letters.size() >= suffix.size() &&
               std::string_view(m_letters).substr(m_letters.size() - suffix.size()) == suffix;
    }
    bool consonant(std::size_t position) const { return m_consonant[position] == 'c'; }

    /// Porter's m of the first `length` letters: how often a consonant follows a vowel.
    int measure(std::size_t length) const {
        int count = 0;
        for (std::size_t i = 1; i < length; ++i)
            if (!consonant(i - 1) && consonant(i)) ++count;
        return count;
    }
    /// *v*
    bool hasVowel(std::size_t length) const { return m_consonant.find('v') < length; }
    /// *d
    bool endsInDoubleConsonant() const {
        return size() >= 2 && last() == m_letters[size() - 2] && consonant(size() - 1);
    }
    /// *o of the first `length` letters
    bool endsShort(std::size_t length) const {
        if (length == 2) return !consonant(0) && consonant(1);
        return length >= 3 && consonant(length - 3) && !consonant(length - 2) &&
               consonant(length - 1) &&
               std::string_view("wxy").find(m_letters[length - 1]) == std::string_view::npos;
    }

    void cut(std::size_t letters) {
        m_letters.resize(size() - letters);
        m_consonant.resize(m_letters.size());
    }
    void append(std::string_view letters) {
        for (const char c : letters) {
            const bool vowel = c == 'y'
                                   ? !m_consonant.empty() && m_consonant.back() == 'c'
                                   : std::string_view("aeiou").find(c) != std::string_view::npos;
            m_letters += c;
            m_consonant += vowel ? 'v' : 'c';
        }
    }
    void replace(const Rule& rule) {
        cut(rule.suffix.size());
        append(rule.replacement);
    }
    /// The first rule whose suffix fits decides, whether its stem is long enough or not.
    /// Returns whether one fitted.
    bool applyFirst(std::span<const Rule> rules, int leastMeasure) {
        for (const Rule& rule : rules) {
            if (!endsWith(rule.suffix)) continue;
            if (measure(size() - rule.suffix.size()) >= leastMeasure) replace(rule);
            return true;
        }
        return false;
    }

 private:
    std::string m_letters;
    std::string m_consonant;  ///< 'c' or 'v' per letter
};

void removePlural(Word& word) {  // step 1a
    if (word.size() == 4 && word.endsWith("ies"))
        word.cut(1);
    else
        word.applyFirst(pluralRules, 0);
}

void removePast(Word& word) {  // step 1b
    if (word.endsWith("ied")) {
        word.cut(word.size() == 4 ? 1 : 2);
        return;
    }
    if (word.endsWith("eed")) {
        if (word.measure(word.size() - 3) > 0) word.cut(1);
        return;
    }
    if (word.endsWith("ed") && word.hasVowel(word.size() - 2))
        word.cut(2);
    else if (word.endsWith("ing") && word.hasVowel(word.size() - 3))
        word.cut(3);
    else
        return;
    if (word.endsWith("at") || word.endsWith("bl") || word.endsWith("iz")) {
        word.append("e");
    } else if (word.endsInDoubleConsonant()) {
        if (std::string_view("lsz").find(word.last()) == std::string_view::npos) word.cut(1);
    } else if (word.measure(word.size()) == 1 && word.endsShort(word.size())) {
        word.append("e");
    }
}

void softenY(Word& word) {  // step 1c
    if (word.size() > 2 && word.last() == 'y' && word.consonant(word.size() - 2))
        word.replace({"y", "i"});
}

void shortenLongSuffix(Word& word) {  // step 2
    if (word.endsWith("alli") && word.measure(word.size() - 4) > 0) word.cut(2);
    if (word.applyFirst(longSuffixRules, 1)) return;
    if (word.endsWith("logi") && word.measure(word.size() - 3) > 0) word.cut(1);
}

void removeSuffix(Word& word) {  // step 4
    const auto* const suffix =
        std::find_if(std::begin(removedSuffixes), std::end(removedSuffixes),
                     [&](std::string_view one) { return word.endsWith(one); });
    if (suffix == std::end(removedSuffixes)) return;
    const std::size_t length = word.size() - suffix->size();
    if (word.measure(length) < 2) return;
    if (*suffix == "ion") {
        const char before = word.letters()[length - 1];
        if (before != 's' && before != 't') return;
    }
    word.cut(suffix->size());
}

void tidy(Word& word) {  // steps 5a and 5b
    if (word.endsWith("e")) {
        const std::size_t length = word.size() - 1;
        const int measure = word.measure(length);
        if (measure > 1 || (measure == 1 && !word.endsShort(length))) word.cut(1);
    }
    if (word.endsWith("ll") && word.measure(word.size() - 1) > 1) word.cut(1);
}

}  // namespace

std::string porterStem(std::string_view word) {
    const auto* const known = std::find_if(std::begin(irregular), std::end(irregular),
                                           [&](const auto& entry) { return entry.first == word; });
    if (known != std::end(irregular)) return std::string(known->second);
    if (word.size() <= 2) return std::string(word);
    Word stem(word);
    removePlural(stem);
    removePast(stem);
    softenY(stem);
    shortenLongSuffix(stem);
    stem.applyFirst(shorterSuffixRules, 1);
    removeSuffix(stem);
    tidy(stem);
    return stem.letters();
}

}  // namespace rankscope::text
