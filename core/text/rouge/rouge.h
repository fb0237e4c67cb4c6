// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace rankscope::text {

/// Overlap of one prediction with one reference; each number in [0, 1].
struct RougeScore {
    double precision = 0;
    double recall = 0;
    double f = 0;
};

enum class RougeType { Rouge1, Rouge2, RougeL, RougeLsum };
inline constexpr std::array rougeTypes = {RougeType::Rouge1, RougeType::Rouge2, RougeType::RougeL,
                                          RougeType::RougeLsum};
std::string_view rougeName(RougeType type);   ///< "rouge1" … "rougeLsum", as in JSON
std::string_view rougeTitle(RougeType type);  ///< "ROUGE-1" … "ROUGE-Lsum", as in tables

/// Scores of one pair, in the order of rougeTypes.
using RougeScores = std::array<RougeScore, rougeTypes.size()>;

struct RougeOptions {
    bool stemmer = true;  ///< NLTK's Porter stemmer, on tokens longer than 3 characters
};

/// ROUGE of one pair, equal to rouge_score 0.1.2 within 1e-12. Sentences for Lsum are the lines.
/// Lin 2004; ties of the longest common subsequence as in rouge_score.
RougeScores rouge(std::string_view reference, std::string_view prediction,
                  const RougeOptions& options);

/// Against several references: for each type the one with the largest F, the first among equals
/// (rouge_score's score_multi). At least one reference.
RougeScores rouge(std::span<const std::string> references, std::string_view prediction,
                  const RougeOptions& options);

}  // namespace rankscope::text
