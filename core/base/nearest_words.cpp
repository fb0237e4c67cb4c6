// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest_words.h"

#include <algorithm>
#include <set>
#include <utility>

namespace rankscope {

namespace {

constexpr std::size_t lettersPerEdit = 3, longestWord = 64, shortestPrefix = 3, mostWords = 3;

std::string lowerCase(std::string_view word) {
    std::string lower(word);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

std::set<std::string_view> partsOf(std::string_view word) {
    std::set<std::string_view> parts;
    while (!word.empty()) {
        const std::size_t dash = std::min(word.find('-'), word.size());
        if (dash > 0) parts.insert(word.substr(0, dash));
        word.remove_prefix(std::min(dash + 1, word.size()));
    }
    return parts;
}

bool partlyEqual(std::string_view word, std::string_view known) {
    if (word.size() < shortestPrefix) return false;
    const auto a = partsOf(word), b = partsOf(known);
    return known.starts_with(word) || std::ranges::includes(a, b) || std::ranges::includes(b, a);
}

}  // namespace

std::size_t editDistance(std::string_view a, std::string_view b) {
    // Row i holds the distances of a's first i letters to every beginning of b.
    std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool equal = a[i - 1] == b[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (equal ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::vector<std::string_view> nearestWords(std::string_view word,
                                           std::span<const std::string_view> known) {
    std::vector<std::string_view> nearest, partly;
    if (word.empty() || word.size() > longestWord) return nearest;
    const std::string lower = lowerCase(word);
    std::size_t fewest = longestWord;
    for (const std::string_view candidate : known) {
        const std::size_t letters = std::max(lower.size(), candidate.size());
        const std::size_t edits = editDistance(lower, candidate);
        if (edits * lettersPerEdit <= letters && edits <= fewest) {
            if (edits < fewest) nearest.clear();
            fewest = edits;
            nearest.push_back(candidate);
        }
        if (partlyEqual(lower, candidate)) partly.push_back(candidate);
    }
    if (nearest.empty()) nearest = std::move(partly);
    if (nearest.size() > mostWords) nearest.resize(mostWords);
    return nearest;
}

std::string didYouMean(std::string_view word, std::span<const std::string_view> known,
                       std::string_view dashes) {
    const std::vector<std::string_view> nearest = nearestWords(word, known);
    std::string sentence;
    for (std::size_t i = 0; i < nearest.size(); ++i) {
        sentence += i == 0 ? "; did you mean " : i + 1 == nearest.size() ? " or " : ", ";
        sentence += dashes;
        sentence += nearest[i];
    }
    return sentence.empty() ? sentence : sentence + '?';
}

}  // namespace rankscope
