// SPDX-License-Identifier: Apache-2.0
#include "core/report/parameter_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"

namespace rankscope::report {

namespace {

/// Matrices of a selection that may match nothing in this model.
std::vector<checkpoint::WeightMatrix> matricesOf(const checkpoint::Checkpoint& checkpoint,
                                                 const std::string& targets) {
    try {
        return checkpoint::selectMatrices(checkpoint.matrices(), {targets, ""});
    } catch (const Error&) {
        return {};
    }
}

plan::ParameterCounts countsAt(const checkpoint::Checkpoint& checkpoint,
                               const std::vector<checkpoint::WeightMatrix>& matrices,
                               std::int64_t rank) {
    std::int64_t smallest = rank;
    for (const auto& matrix : matrices) smallest = std::min(smallest, matrix.fullRank());
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(smallest)};
    return plan::makePlan(checkpoint, matrices, {}, options).parameters;
}

}  // namespace

std::int64_t postRank(std::int64_t dModel) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(dModel) * 382.0 / 768.0));
}

std::vector<ParameterRow> parameterTable(const checkpoint::Checkpoint& checkpoint,
                                         std::int64_t rank) {
    std::vector<ParameterRow> rows;
    for (const char* targets : {"q,k,v", "q,k,v,o", "ffn", "all"}) {
        const auto matrices = matricesOf(checkpoint, targets);
        if (matrices.empty()) continue;
        rows.push_back({targets, rank, matrices.size(), countsAt(checkpoint, matrices, rank)});
    }
    return rows;
}

BudgetRow budgetRow(const checkpoint::Checkpoint& checkpoint, const std::string& targets) {
    BudgetRow row;
    row.targets = targets;
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Budget, row.kept};
    options.storage = plan::StorageChoice::Pivoted;
    try {
        const auto plan = plan::makePlan(checkpoint, matricesOf(checkpoint, targets), {}, options);
        row.stored = plan.parameters.stored;
        row.smallestRank = plan.entries.front().rank;
        for (const auto& entry : plan.entries) {
            row.smallestRank = std::min(row.smallestRank, entry.rank);
            row.largestRank = std::max(row.largestRank, entry.rank);
        }
    } catch (const Error& problem) {
        row.impossible = problem.what();
    }
    return row;
}

Json toJson(const ParameterRow& row) {
    return {{"targets", row.targets},           {"rank", row.rank},
            {"matrices", row.matrices},         {"dense", row.counts.dense},
            {"stored_auto", row.counts.stored}, {"factored", row.counts.factored},
            {"pivoted", row.counts.pivoted},    {"post_convention", row.counts.postConvention}};
}

Json toJson(const BudgetRow& row) {
    Json json = {{"kept", row.kept}, {"targets", row.targets}, {"storage", "pivoted"}};
    if (!row.impossible.empty()) {
        json["impossible"] = row.impossible;
        return json;
    }
    json["stored"] = row.stored;
    json["smallest_rank"] = row.smallestRank;
    json["largest_rank"] = row.largestRank;
    return json;
}

PostComparison comparePost(const checkpoint::Checkpoint& checkpoint) {
    const checkpoint::T5Config& config = checkpoint.config();
    const std::int64_t dense = checkpoint.denseParameterCount();
    if (dense == postDense && config.dModel == 768 && config.dFf == 2048 && config.numHeads == 12 &&
        config.numLayers == 12 && config.numDecoderLayers == 12)
        return {true, ""};
    return {false, fmt::format("The blog post's figures are for Flan-T5-base (d_model 768, 12 + 12 "
                               "blocks, {} parameters) and are not put beside this model (d_model "
                               "{}, {} + {} blocks, {} parameters).",
                               postDense, config.dModel, config.numLayers, config.numDecoderLayers,
                               dense)};
}

const std::vector<PublishedMetric>& publishedMetrics() {
    static const std::vector<PublishedMetric> metrics = {
        {"evaluation loss", "1.467", "1.467"}, {"ROUGE-1", "46.14", "46.11"},
        {"ROUGE-2", "22.31", "22.35"},         {"ROUGE-L", "33.58", "38.57"},
        {"ROUGE-Lsum", "42.13", "42.06"},
    };
    return metrics;
}

}  // namespace rankscope::report
