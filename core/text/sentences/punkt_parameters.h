// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace rankscope::text {

/// How a word was seen, by its first letter: one bit each, as in ortho_context.tab.
enum Orthography : unsigned {
    BeginsUpper = 1U << 1U,   ///< upper case at the beginning of a sentence
    InsideUpper = 1U << 2U,   ///< upper case inside
    UnknownUpper = 1U << 3U,  ///< upper case, place unknown
    BeginsLower = 1U << 4U,
    InsideLower = 1U << 5U,
    UnknownLower = 1U << 6U,
    AnyUpper = BeginsUpper | InsideUpper | UnknownUpper,
    AnyLower = BeginsLower | InsideLower | UnknownLower,
};

/// Punkt's parameters for a language. Words are lower case; every number is "##number##".
struct PunktParameters {
    std::unordered_set<std::string> abbreviations;  ///< without the final period
    std::unordered_set<std::string> collocations;   ///< "word before\tword after" a period
    std::unordered_set<std::string> starters;       ///< words that often begin sentences
    std::unordered_map<std::string, unsigned> orthography;

    unsigned orthographyOf(const std::string& word) const {
        const auto found = orthography.find(word);
        return found == orthography.end() ? 0 : found->second;
    }
};

/// Reads abbrev_types.txt, collocations.tab, ortho_context.tab and sent_starters.txt from a folder
/// such as nltk's punkt_tab. Throws Error naming the file and the line.
PunktParameters readPunktParameters(const std::filesystem::path& folder);

/// A list of our own: common English abbreviations, and function words that are capitalised only at
/// the beginning of a sentence.
PunktParameters builtInPunktParameters();

}  // namespace rankscope::text
