// SPDX-License-Identifier: Apache-2.0
#include "core/text/sentences/sentences.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include "core/text/code_points.h"
#include "core/text/sentences/punkt_parameters.h"
#include "core/text/sentences/punkt_tokens.h"

namespace rankscope::text {

struct SentenceSplitter::Parameters {
    PunktParameters punkt;
    std::string_view name;
};

namespace {

constexpr std::size_t none = std::u32string_view::npos;

/// A place where a sentence may end: the character `mark` and the words around it.
struct Candidate {
    std::size_t contextBegin = 0, mark = 0, contextEnd = 0;
    std::size_t nextWord = none;  ///< where it begins, if white space follows the mark
};

struct Slice {
    std::size_t begin = 0, end = 0;
};

std::size_t skipSpace(std::u32string_view text, std::size_t i) {
    while (i < text.size() && isSpace(text[i])) ++i;
    return i;
}

/// A mark counts if punctuation follows, or white space and a word.
std::optional<Candidate> candidateAt(std::u32string_view text, std::size_t mark) {
    constexpr std::u32string_view marks = U".?!";
    if (marks.find(text[mark]) == none || mark + 1 == text.size()) return {};
    Candidate candidate;
    candidate.mark = mark;
    if (wordEnds.find(text[mark + 1]) != none) {
        candidate.contextEnd = mark + 2;
        return candidate;
    }
    const std::size_t word = skipSpace(text, mark + 1);
    if (word == mark + 1 || word == text.size()) return {};
    candidate.nextWord = word;
    candidate.contextEnd = word;
    while (candidate.contextEnd < text.size() && !isSpace(text[candidate.contextEnd]))
        ++candidate.contextEnd;
    return candidate;
}

/// The beginning of the word before `mark`. `last` is the candidate before, 0 to begin with:
/// without ASCII white space after its mark the two share a word.
std::size_t wordBegin(std::u32string_view text, const Candidate& last, std::size_t mark) {
    for (std::size_t i = mark; i > last.mark + 1; --i) {
        const char32_t c = text[i - 1];
        if (c == U' ' || (c >= 0x09 && c <= 0x0D)) return i;
    }
    return last.contextBegin;
}

/// The ends of sentences, before closing punctuation is given back to them. Of candidates that
/// share a word only the last counts.
std::vector<Slice> rawSlices(std::u32string_view text, const PunktParameters& parameters) {
    std::vector<Slice> slices;
    std::size_t begin = 0;
    const auto judge = [&](const Candidate& candidate) {
        const auto context =
            text.substr(candidate.contextBegin, candidate.contextEnd - candidate.contextBegin);
        if (!hasSentenceBreak(context, parameters)) return;
        slices.push_back({begin, candidate.mark + 1});
        begin = candidate.nextWord == none ? candidate.mark + 1 : candidate.nextWord;
    };
    std::optional<Candidate> last;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::optional<Candidate> candidate = candidateAt(text, i);
        if (!candidate) continue;
        candidate->contextBegin = wordBegin(text, last.value_or(Candidate{}), i);
        if (last && last->mark <= candidate->contextBegin) judge(*last);
        last = candidate;
    }
    if (last) judge(*last);
    std::size_t end = text.size();
    while (end > 0 && isSpace(text[end - 1])) --end;
    slices.push_back({begin, end});
    return slices;
}

/// Quotes and brackets that open `slice` though they close the sentence before it: their end, and
/// that of the white space after them. Nothing if a word follows at once.
std::optional<Slice> strayClosing(std::u32string_view text, const Slice& slice) {
    const std::u32string_view piece = text.substr(0, slice.end);
    std::size_t i = slice.begin;
    while (i < piece.size() && closingMarks.find(piece[i]) != none) ++i;
    if (i == slice.begin) return {};
    const std::size_t next = skipSpace(piece, i);
    if (next == i && i < piece.size() && !piece.substr(i).starts_with(U"--")) return {};
    return Slice{i, next};
}

std::vector<Slice> realigned(std::u32string_view text, const std::vector<Slice>& slices) {
    std::vector<Slice> result;
    std::size_t begin = slices.front().begin;
    for (std::size_t i = 0; i + 1 < slices.size(); ++i) {
        const auto closing = strayClosing(text, slices[i + 1]);
        const std::size_t end = closing ? closing->begin : slices[i].end;
        if (closing || begin < end) result.push_back({begin, end});
        begin = closing ? closing->end : slices[i + 1].begin;
    }
    if (begin < slices.back().end) result.push_back({begin, slices.back().end});
    return result;
}

std::vector<std::filesystem::path> dataFolders() {
    std::vector<std::filesystem::path> folders;
    if (const char* const variable = std::getenv("NLTK_DATA")) {
        const std::string_view list = variable;
        for (std::size_t begin = 0; begin <= list.size();) {
            const std::size_t end = std::min(list.find(':', begin), list.size());
            if (end > begin) folders.emplace_back(list.substr(begin, end - begin));
            begin = end + 1;
        }
    }
    if (const char* const home = std::getenv("HOME"))
        folders.push_back(std::filesystem::path(home) / "nltk_data");
    for (const char* folder : {"/usr/share/nltk_data", "/usr/local/share/nltk_data",
                               "/usr/lib/nltk_data", "/usr/local/lib/nltk_data"})
        folders.emplace_back(folder);
    return folders;
}

}  // namespace

SentenceSplitter::SentenceSplitter(std::unique_ptr<const Parameters> parameters)
    : m_parameters(std::move(parameters)) {}
SentenceSplitter::SentenceSplitter(SentenceSplitter&&) noexcept = default;
SentenceSplitter& SentenceSplitter::operator=(SentenceSplitter&&) noexcept = default;
SentenceSplitter::~SentenceSplitter() = default;

SentenceSplitter SentenceSplitter::find() {
    for (const std::filesystem::path& folder : dataFolders()) {
        const std::filesystem::path english = folder / "tokenizers" / "punkt_tab" / "english";
        std::error_code ignored;
        if (std::filesystem::is_directory(english, ignored)) return open(english);
    }
    return builtIn();
}

SentenceSplitter SentenceSplitter::builtIn() {
    return SentenceSplitter(std::make_unique<const Parameters>(
        Parameters{builtInPunktParameters(), "Punkt, built-in abbreviations"}));
}

SentenceSplitter SentenceSplitter::open(const std::filesystem::path& folder) {
    return SentenceSplitter(std::make_unique<const Parameters>(
        Parameters{readPunktParameters(folder), "Punkt, nltk_data"}));
}

std::vector<std::string> SentenceSplitter::split(std::string_view text) const {
    const CodePoints decoded = codePointsOf(text);
    std::vector<std::string> sentences;
    for (const Slice& slice :
         realigned(decoded.points, rawSlices(decoded.points, m_parameters->punkt))) {
        const std::size_t begin = decoded.begins[slice.begin];
        sentences.emplace_back(text.substr(begin, decoded.begins[slice.end] - begin));
    }
    return sentences;
}

std::string SentenceSplitter::onLines(std::string_view text) const {
    std::string lines;
    for (const std::string& sentence : split(text)) {
        if (!lines.empty()) lines += '\n';
        lines += sentence;
    }
    return lines;
}

std::string_view SentenceSplitter::name() const { return m_parameters->name; }

}  // namespace rankscope::text
