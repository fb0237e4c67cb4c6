// SPDX-License-Identifier: Apache-2.0
#include "core/text/sentences/punkt_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "core/base/error.h"
#include "core/base/json.h"

namespace rankscope::text {

namespace {

constexpr std::size_t largestFile = std::size_t{64} << 20U;  // nltk's English one has 0.24 MB

/// Calls use(line, number), without line ends.
void forEachLine(const std::string& text,
                 const std::function<void(std::string_view, std::size_t)>& use) {
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view line = std::string_view(text).substr(begin, end - begin);
        if (line.ends_with('\r')) line.remove_suffix(1);
        use(line, ++number);
        begin = end + 1;
    }
}

Error damaged(const std::filesystem::path& file, std::size_t line, std::string_view expected) {
    return Error(fmt::format("{}, line {}: {}. Fetch nltk's punkt_tab again, or take the folder "
                             "out of NLTK_DATA to use the built-in abbreviations.",
                             printable(file.string()), line, expected),
                 file.string());
}

std::unordered_set<std::string> readWords(const std::filesystem::path& file) {
    std::unordered_set<std::string> words;
    forEachLine(readTextFile(file, largestFile), [&](std::string_view line, std::size_t number) {
        if (line.find('\t') != std::string_view::npos)
            throw damaged(file, number, "one word was expected, not several columns");
        words.emplace(line);
    });
    return words;
}

std::unordered_set<std::string> readCollocations(const std::filesystem::path& file) {
    std::unordered_set<std::string> pairs;
    forEachLine(readTextFile(file, largestFile), [&](std::string_view line, std::size_t number) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos)
            throw damaged(file, number, "two words with a tab between them were expected");
        pairs.emplace(line);
    });
    return pairs;
}

std::unordered_map<std::string, unsigned> readOrthography(const std::filesystem::path& file) {
    std::unordered_map<std::string, unsigned> contexts;
    forEachLine(readTextFile(file, largestFile), [&](std::string_view line, std::size_t number) {
        const std::size_t tab = std::min(line.find('\t'), line.size());
        const std::string_view digits = line.substr(std::min(tab + 1, line.size()));
        unsigned bits = 0;
        const char* const end = digits.data() + digits.size();
        const auto [last, failure] = std::from_chars(digits.data(), end, bits);
        if (digits.empty() || failure != std::errc() || last != end)
            throw damaged(file, number, "a word, a tab and a number were expected");
        contexts.insert_or_assign(std::string(line.substr(0, tab)), bits);
    });
    return contexts;
}

}  // namespace

PunktParameters readPunktParameters(const std::filesystem::path& folder) {
    PunktParameters parameters;
    parameters.abbreviations = readWords(folder / "abbrev_types.txt");
    parameters.collocations = readCollocations(folder / "collocations.tab");
    parameters.starters = readWords(folder / "sent_starters.txt");
    parameters.orthography = readOrthography(folder / "ortho_context.tab");
    return parameters;
}

}  // namespace rankscope::text
