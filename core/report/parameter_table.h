// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/plan/plan.h"

namespace rankscope::report {

/// Parameters of the whole model for one choice of matrices and one rank.
struct ParameterRow {
    std::string targets;    ///< as --targets takes it, e.g. "q,k,v"
    std::int64_t rank = 0;  ///< of every chosen matrix (cut at its full rank)
    std::size_t matrices = 0;
    plan::ParameterCounts counts;
};

/// The ranks that really keep a share of the model.
struct BudgetRow {
    double kept = 0.7;
    std::string targets;
    std::int64_t smallestRank = 0, largestRank = 0;
    std::int64_t stored = 0;
    std::string impossible;  ///< why not, if it cannot be met
};

/// The blog post's rank for a model of this width: 382 where d_model is 768, else the same share.
std::int64_t postRank(std::int64_t dModel);

/// q,k,v and q,k,v,o as in the post, then attention, feed-forward and all, at the given rank.
std::vector<ParameterRow> parameterTable(const checkpoint::Checkpoint& checkpoint,
                                         std::int64_t rank);

/// Pivoted ranks that keep 70 % of the whole model's parameters, by compressing `targets`.
BudgetRow budgetRow(const checkpoint::Checkpoint& checkpoint, const std::string& targets);

Json toJson(const ParameterRow& row);
Json toJson(const BudgetRow& row);

/// Figures that the blog post printed for Flan-T5-base, and whether they can be compared.
struct PostComparison {
    bool sameShape = false;
    std::string reason;  ///< one line saying why not
};
PostComparison comparePost(const checkpoint::Checkpoint& checkpoint);

constexpr std::int64_t postDense = 247'577'856;
constexpr std::int64_t postQkv = 183'876'864;
constexpr std::int64_t postQkvo = 162'643'200;

/// Evaluation figures of the post, as published: first and second column of its table.
struct PublishedMetric {
    const char* name;
    const char* first;
    const char* second;
};
const std::vector<PublishedMetric>& publishedMetrics();

}  // namespace rankscope::report
