// SPDX-License-Identifier: Apache-2.0
#include "core/text/rouge/rouge.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

#include "core/text/rouge/longest_common_subsequence.h"
#include "core/text/rouge/rouge_tokens.h"

namespace rankscope::text {

namespace {

RougeScore scoreOf(std::size_t hits, std::size_t predicted, std::size_t expected) {
    RougeScore score;
    score.precision =
        static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(predicted, 1));
    score.recall =
        static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(expected, 1));
    const double sum = score.precision + score.recall;
    score.f = sum > 0 ? 2 * score.precision * score.recall / sum : 0;
    return score;
}

/// Each run of `length` words as one number, sorted. At most 2 words.
std::vector<std::uint64_t> sortedRuns(const std::vector<std::int32_t>& ids, std::size_t length) {
    std::vector<std::uint64_t> runs;
    for (std::size_t i = 0; i + length <= ids.size(); ++i) {
        std::uint64_t run = 0;
        for (std::size_t k = 0; k < length; ++k)
            run = run << 32U | static_cast<std::uint32_t>(ids[i + k]);
        runs.push_back(run);
    }
    std::sort(runs.begin(), runs.end());
    return runs;
}

/// Formula of ROUGE-N (Lin 2004, section 2): overlaps counted as often as they occur in both texts.
RougeScore runScore(const RougeTokens& reference, const RougeTokens& prediction,
                    std::size_t length) {
    const std::vector<std::uint64_t> expected = sortedRuns(reference.ids, length);
    const std::vector<std::uint64_t> predicted = sortedRuns(prediction.ids, length);
    std::size_t hits = 0;
    for (auto a = expected.begin(), b = predicted.begin();
         a != expected.end() && b != predicted.end();) {
        if (*a == *b) {
            ++hits;
            ++a;
            ++b;
        } else if (*a < *b) {
            ++a;
        } else {
            ++b;
        }
    }
    return scoreOf(hits, predicted.size(), expected.size());
}

/// ROUGE-L of Lin 2004, section 3, over all words.
RougeScore subsequenceScore(const RougeTokens& reference, const RougeTokens& prediction,
                            std::size_t vocabulary) {
    const std::size_t hits = CommonSubsequence(reference.ids, vocabulary).length(prediction.ids);
    return scoreOf(hits, prediction.ids.size(), reference.ids.size());
}

/// ROUGE-Lsum of Lin 2004, section 3.2: for each line of the reference the union of its common
/// subsequences with each predicted line; no word counts more often than it occurs in either text.
RougeScore summaryScore(const RougeTokens& reference, const RougeTokens& prediction,
                        std::size_t vocabulary) {
    std::vector<std::size_t> leftExpected(vocabulary), leftPredicted(vocabulary);
    for (const std::int32_t id : reference.ids) ++leftExpected[static_cast<std::size_t>(id)];
    for (const std::int32_t id : prediction.ids) ++leftPredicted[static_cast<std::size_t>(id)];
    std::size_t hits = 0;
    for (std::size_t r = 0; r < reference.lineEnds.size(); ++r) {
        const auto line = reference.line(r);
        if (line.empty()) continue;
        CommonSubsequence common(line, vocabulary);
        std::vector<bool> inUnion(line.size());
        for (std::size_t p = 0; p < prediction.lineEnds.size(); ++p)
            common.mark(prediction.line(p), inUnion);
        for (std::size_t i = 0; i < line.size(); ++i) {
            const auto id = static_cast<std::size_t>(line[i]);
            if (!inUnion[i] || leftExpected[id] == 0 || leftPredicted[id] == 0) continue;
            ++hits;
            --leftExpected[id];
            --leftPredicted[id];
        }
    }
    return scoreOf(hits, prediction.ids.size(), reference.ids.size());
}

RougeScores scores(const RougeTokens& reference, const RougeTokens& prediction,
                   std::size_t vocabulary) {
    return {runScore(reference, prediction, 1), runScore(reference, prediction, 2),
            subsequenceScore(reference, prediction, vocabulary),
            summaryScore(reference, prediction, vocabulary)};
}

}  // namespace

std::string_view rougeName(RougeType type) {
    constexpr std::array names = {"rouge1", "rouge2", "rougeL", "rougeLsum"};
    return names.at(static_cast<std::size_t>(type));
}

std::string_view rougeTitle(RougeType type) {
    constexpr std::array titles = {"ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"};
    return titles.at(static_cast<std::size_t>(type));
}

RougeScores rouge(std::string_view reference, std::string_view prediction,
                  const RougeOptions& options) {
    RougeVocabulary vocabulary(options.stemmer);
    const RougeTokens expected = vocabulary.tokenize(reference);
    const RougeTokens predicted = vocabulary.tokenize(prediction);
    return scores(expected, predicted, vocabulary.size());
}

RougeScores rouge(std::span<const std::string> references, std::string_view prediction,
                  const RougeOptions& options) {
    assert(!references.empty());
    RougeVocabulary vocabulary(options.stemmer);
    const RougeTokens predicted = vocabulary.tokenize(prediction);
    RougeScores best{};
    for (std::size_t i = 0; i < references.size(); ++i) {
        const RougeTokens expected = vocabulary.tokenize(references[i]);
        const RougeScores one = scores(expected, predicted, vocabulary.size());
        for (std::size_t type = 0; type < best.size(); ++type)
            if (i == 0 || one[type].f > best[type].f) best[type] = one[type];
    }
    return best;
}

}  // namespace rankscope::text
