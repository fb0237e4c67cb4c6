// SPDX-License-Identifier: Apache-2.0
#include "core/report/report_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/checkpoint/selection.h"
#include "core/compress/factor_source.h"
#include "core/evaluate/random_vectors.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/report/checkpoint_tables.h"
#include "core/report/report_evaluation.h"
#include "core/report/system_facts.h"
#include "core/spectra/metrics.h"

namespace rankscope::report {

using checkpoint::Role;
using checkpoint::Stack;
using checkpoint::Sublayer;
using checkpoint::WeightMatrix;

namespace {

template <typename T>
T median(std::vector<T> values) {
    const std::size_t middle = values.size() / 2;
    std::sort(values.begin(), values.end());
    if (values.size() % 2 == 1) return values[middle];
    return static_cast<T>((values[middle - 1] + values[middle]) / 2);
}

std::string groupName(const WeightMatrix& matrix) {
    const char* sublayer = matrix.sublayer == Sublayer::SelfAttention    ? "self-attention "
                           : matrix.sublayer == Sublayer::CrossAttention ? "cross-attention "
                                                                         : "feed-forward ";
    return std::string(stackName(matrix.stack)) + ' ' + sublayer +
           std::string(roleName(matrix.role));
}

RoleSummary summarize(const std::vector<std::size_t>& members, const ReportData& data) {
    const WeightMatrix& first = data.matrices[members.front()];
    RoleSummary summary;
    summary.name = groupName(first);
    summary.matrices = members.size();
    summary.shape = fmt::format("{}x{}", first.rows, first.columns);
    summary.fullRank = first.fullRank();
    summary.breakEvenRank = checkpoint::breakEvenRank(first.rows, first.columns);
    summary.postRank = std::min(data.rank, first.fullRank());
    std::vector<double> stable, effective, errors;
    std::vector<std::int64_t> rank90, rank95, rank99;
    for (const std::size_t member : members) {
        const spectra::Spectrum& spectrum = data.spectra.spectra[member];
        const auto metrics = spectra::computeMetrics(spectrum);
        stable.push_back(metrics.stableRank);
        effective.push_back(metrics.effectiveRank);
        errors.push_back(spectrum.relativeError(summary.postRank));
        rank90.push_back(spectrum.rankForEnergy(0.9));
        rank95.push_back(spectrum.rankForEnergy(0.95));
        rank99.push_back(spectrum.rankForEnergy(0.99));
    }
    summary.stableRank = median(stable);
    summary.effectiveRank = median(effective);
    summary.errorAtPostRank = median(errors);
    summary.rank90 = median(rank90);
    summary.rank95 = median(rank95);
    summary.rank99 = median(rank99);
    return summary;
}

std::vector<RoleSummary> summarizeRoles(const ReportData& data) {
    std::map<std::tuple<Stack, Sublayer, Role>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < data.matrices.size(); ++i) {
        const WeightMatrix& matrix = data.matrices[i];
        groups[{matrix.stack, matrix.sublayer, matrix.role}].push_back(i);
    }
    std::vector<RoleSummary> roles;
    for (const auto& [key, members] : groups) roles.push_back(summarize(members, data));
    return roles;
}

void addRandomVectors(ReportData& data, const checkpoint::Checkpoint& checkpoint,
                      const ReportOptions& options, const Progress& progress) {
    const auto chosen = representativeMatrices(data.matrices);
    std::map<std::string, spectra::Spectrum> known;
    std::int64_t rank = data.rank;
    for (const auto& spectrum : data.spectra.spectra) known.emplace(spectrum.name(), spectrum);
    for (const WeightMatrix& matrix : chosen) rank = std::min(rank, matrix.fullRank());
    plan::PlanOptions planOptions;
    planOptions.target = {plan::RankTarget::Kind::Rank, static_cast<double>(rank)};
    planOptions.storage = plan::StorageChoice::Factored;
    const auto plan = plan::makePlan(checkpoint, chosen, known, planOptions);
    const backend::Backend& backend = backend::loadBackend({.threads = options.threads});
    evaluate::RandomVectorsOptions how;
    how.vectors = options.vectors;
    how.seed = options.seed;
    const backend::Compute compute{backend, backend.chooseDevice(options.device), options.threads};
    const compress::PlannedModel model{checkpoint, plan, nullptr, compute};
    data.uniform = evaluate::randomVectors(model, how, PartProgress(progress, 0, 0.5));
    how.distribution = evaluate::Distribution::Normal;
    data.normal = evaluate::randomVectors(model, how, PartProgress(progress, 0.5, 1));
}

}  // namespace

std::vector<WeightMatrix> representativeMatrices(const std::vector<WeightMatrix>& matrices) {
    std::vector<WeightMatrix> chosen;
    const auto take = [&](Stack stack, Sublayer sublayer, Role role, double depth) {
        std::vector<const WeightMatrix*> candidates;
        for (const WeightMatrix& matrix : matrices)
            if (matrix.stack == stack && matrix.sublayer == sublayer && matrix.role == role)
                candidates.push_back(&matrix);
        if (candidates.empty()) return;
        chosen.push_back(*candidates[static_cast<std::size_t>(
            std::lround(depth * static_cast<double>(candidates.size() - 1)))]);
    };
    take(Stack::Encoder, Sublayer::SelfAttention, Role::Q, 0);
    take(Stack::Encoder, Sublayer::SelfAttention, Role::O, 0.5);
    take(Stack::Decoder, Sublayer::CrossAttention, Role::V, 0.5);
    take(Stack::Decoder, Sublayer::FeedForward, Role::Wo, 1);
    return chosen;
}

ReportData gatherReport(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                        const Progress& progress) {
    ReportData data;
    data.rank = postRank(checkpoint.config().dModel);
    data.post = comparePost(checkpoint);
    data.matrices = checkpoint::selectMatrices(checkpoint.matrices(), {});
    data.parameters = parameterTable(checkpoint, data.rank);
    for (const char* targets : {"q,k,v,o", "all"})
        data.budgets.push_back(budgetRow(checkpoint, targets));
    workspace::SpectraRequest request;
    request.device = options.device;
    request.threads = options.threads;
    data.spectra = workspace::loadOrComputeSpectra(checkpoint, data.matrices, request,
                                                   PartProgress(progress, 0, 0.5));
    data.roles = summarizeRoles(data);
    addRandomVectors(data, checkpoint, options, PartProgress(progress, 0.5, 0.6));
    data.evaluation =
        evaluateForReport(checkpoint, options, data.rank, PartProgress(progress, 0.6, 0.9));
    data.contentHash = checkpoint.contentHash(PartProgress(progress, 0.9, 1));
    data.facts = systemFacts(options.threads);
    throwIfStopped(progress);
    return data;
}

Json tablesJson(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                const ReportData& data) {
    const Json inspected = inspectJson(checkpoint);
    Json roles = Json::array(), parameters = Json::array(), budgets = Json::array();
    for (const RoleSummary& role : data.roles)
        roles.push_back(
            {{"name", role.name},
             {"matrices", role.matrices},
             {"shape", role.shape},
             {"full_rank", role.fullRank},
             {"stable_rank", role.stableRank},
             {"effective_rank", role.effectiveRank},
             {"energy_ranks", {{"0.9", role.rank90}, {"0.95", role.rank95}, {"0.99", role.rank99}}},
             {"break_even_rank", role.breakEvenRank},
             {"rank", role.postRank},
             {"relative_error", role.errorAtPostRank}});
    for (const ParameterRow& row : data.parameters) parameters.push_back(toJson(row));
    for (const BudgetRow& row : data.budgets) budgets.push_back(toJson(row));
    Json published = {{"same_shape", data.post.sameShape}};
    if (!data.post.sameShape) published["reason"] = data.post.reason;
    return {{"model", inspected.at("model")},
            {"dense_parameters", checkpoint.denseParameterCount()},
            {"parameters", inspected.at("parameters")},
            {"bytes", inspected.at("bytes")},
            {"rank", data.rank},
            {"roles", std::move(roles)},
            {"parameter_table", std::move(parameters)},
            {"budgets", std::move(budgets)},
            {"random_vectors",
             {{"uniform", toJson(data.uniform).at("results")},
              {"normal", toJson(data.normal).at("results")}}},
            {"evaluation", data.evaluation ? toJson(*data.evaluation, false) : Json(nullptr)},
            {"published", std::move(published)},
            {"provenance",
             {{"command", options.command},
              {"seed", options.seed},
              {"content_sha256", data.contentHash},
              {"fingerprint", checkpoint.fingerprint()},
              {"program", data.facts.at("program")},
              {"libtorch", data.facts.at("libtorch")},
              {"cpu", data.facts.at("cpu")},
              {"spectra_seconds", data.spectra.seconds},
              {"spectra_from_cache", data.spectra.fromCache}}}};
}

}  // namespace rankscope::report
