// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/selection.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.h"
#include "core/base/nearest_words.h"

namespace rankscope::checkpoint {

namespace {

constexpr std::array<std::string_view, 13> rolesAndGroups = {
    "q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo", "embedding", "head", "attention", "ffn", "all"};

constexpr std::string_view permittedWords =
    "roles q, k, v, o, wi, wi_0, wi_1, wo, embedding, head; groups attention, ffn, all; or globs "
    "over tensor names such as decoder.block.*.SelfAttention.q.weight";

std::vector<std::string> splitWords(std::string_view list) {
    std::vector<std::string> words;
    while (true) {
        const auto comma = list.find(',');
        std::string_view word = list.substr(0, comma);
        while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
        while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
        words.emplace_back(word);
        if (comma == std::string_view::npos) return words;
        list.remove_prefix(comma + 1);
    }
}

bool isLinear(const WeightMatrix& matrix) { return matrix.sublayer != Sublayer::Vocabulary; }

bool isAttention(const WeightMatrix& matrix) {
    return matrix.sublayer == Sublayer::SelfAttention ||
           matrix.sublayer == Sublayer::CrossAttention;
}

bool startsWithWildcard(std::string_view glob) { return glob.find_first_of("*?[") == 0; }

bool matches(const WeightMatrix& matrix, const std::string& word) {
    if (word == "all") return isLinear(matrix);
    if (word == "attention") return isAttention(matrix);
    if (word == "ffn") return matrix.sublayer == Sublayer::FeedForward;
    if (const auto role = parseRole(word)) return matrix.role == *role;
    // Embedding and head must be named: "*" alone does not mean them.
    if (!isLinear(matrix) && startsWithWildcard(word)) return false;
    return ::fnmatch(word.c_str(), matrix.name.c_str(), FNM_NOESCAPE) == 0;
}

void checkWord(const std::string& word, const Option& option) {
    const bool known = std::ranges::find(rolesAndGroups, word) != rolesAndGroups.end() ||
                       word.find_first_of(".*?[") != std::string::npos;
    if (known) return;
    const std::string hint = didYouMean(word, rolesAndGroups);
    throw usageError(fmt::format("--{}: \"{}\" is not a role, group or glob; permitted are {}{}",
                                 option.name, printable(word), permittedWords,
                                 hint.empty() ? "." : hint));
}

}  // namespace

std::span<const std::string_view> selectionWords() { return rolesAndGroups; }

const Option& targetsOption() {
    static const Option option{
        "targets",
        "Targets",
        "Which matrices: a comma list of roles (q,k,v,o,wi,wi_0,wi_1,wo,embedding,head), groups "
        "(attention,ffn,all) or globs over tensor names.",
        "all",
        {},
        {},
        "",
        {}};
    return option;
}

const Option& excludeOption() {
    static const Option option{
        "exclude", "Exclude", "Matrices to leave out of the targets, in the same words.",
        "",        {},        {},
        "",        {}};
    return option;
}

std::vector<WeightMatrix> selectMatrices(std::span<const WeightMatrix> matrices,
                                         const Selection& selection) {
    std::vector<bool> chosen(matrices.size(), false);
    for (const std::string& word : splitWords(selection.targets)) {
        checkWord(word, targetsOption());
        bool any = false;
        for (std::size_t i = 0; i < matrices.size(); ++i)
            if (matches(matrices[i], word)) any = chosen[i] = true;
        if (!any)
            throw usageError(
                fmt::format("--targets: \"{}\" matches no matrix of this model; "
                            "permitted are {}.",
                            printable(word), permittedWords));
    }
    if (!selection.exclude.empty()) {
        for (const std::string& word : splitWords(selection.exclude)) {
            checkWord(word, excludeOption());
            for (std::size_t i = 0; i < matrices.size(); ++i)
                if (matches(matrices[i], word)) chosen[i] = false;
        }
    }
    std::vector<WeightMatrix> result;
    for (std::size_t i = 0; i < matrices.size(); ++i)
        if (chosen[i]) result.push_back(matrices[i]);
    if (result.empty())
        throw usageError(fmt::format("--exclude: \"{}\" leaves no matrix of the targets \"{}\".",
                                     printable(selection.exclude), printable(selection.targets)));
    return result;
}

}  // namespace rankscope::checkpoint
