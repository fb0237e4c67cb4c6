// SPDX-License-Identifier: Apache-2.0
#include "core/plan/make_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/method/method.h"
#include "core/plan/allocation.h"
#include "core/plan/finish_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_options.h"
#include "core/plan/rank_target.h"
#include "core/plan/slim_plan.h"
#include "core/plan/stored_parameters.h"

namespace rankscope::plan {

using checkpoint::Checkpoint;
using checkpoint::Role;
using checkpoint::Storage;
using checkpoint::WeightMatrix;

namespace {

void requireStorable(const WeightMatrix& matrix, StorageChoice choice) {
    if (choice == StorageChoice::Plain || choice == StorageChoice::Sizes)
        throw usageError(fmt::format("--storage {} is of the method slim; others make factors.",
                                     storageChoiceName(choice)));
    if (matrix.role == Role::Embedding && choice != StorageChoice::Dense)
        throw usageError(fmt::format("{} is looked up row by row and can only be written dense: "
                                     "leave it out, or give --storage dense.",
                                     printable(matrix.name)),
                         matrix.name);
}

void requireRank(const WeightMatrix& matrix, std::int64_t rank) {
    if (rank < 1 || rank > matrix.fullRank())
        throw usageError(fmt::format("A rank of {} is not possible for {}: the permitted range is "
                                     "1 to {}.",
                                     rank, printable(matrix.name), matrix.fullRank()),
                         matrix.name);
}

/// slim cuts q with k, v with o and whole feed-forwards, so no rank of it stands alone.
void requireRanks(const std::string& method) {
    if (method::methodNamed(method).cutsHeads)
        throw usageError(
            "slim has sizes of heads and units, not a rank for each matrix: plan anew with a "
            "budget or a ratio.");
}

}  // namespace

bool isErrorForetold(const PlanEntry& entry, const method::MethodSettings& settings) {
    return entry.kept || (entry.method == "svd" && !settings.refit && !settings.refine);
}

PlanEntry makeEntry(const WeightMatrix& matrix, std::int64_t rank, StorageChoice choice,
                    const method::MethodChoice& method, const spectra::Spectrum* spectrum) {
    requireStorable(matrix, choice);
    PlanEntry entry;
    entry.matrix = matrix;
    entry.rank = std::min(rank, rankLimit(matrix));
    entry.method = method.method;
    const ResolvedStorage resolved = resolveStorage(matrix, entry.rank, choice);
    entry.storage = resolved.storage;
    entry.kept = resolved.kept;
    entry.automatic = choice == StorageChoice::Auto;
    entry.parametersDense = matrix.rows * matrix.columns;
    entry.parametersStored = resolved.parameters;
    if (entry.kept)
        entry.relativeError = 0;
    else if (spectrum != nullptr && isErrorForetold(entry, method.settings))
        entry.relativeError = spectrum->relativeError(entry.rank);
    return entry;
}

CompressionPlan planFromAllocation(const Checkpoint& checkpoint,
                                   std::span<const WeightMatrix> chosen,
                                   const Allocation& allocation,
                                   const std::map<std::string, spectra::Spectrum>& spectra,
                                   const PlanOptions& options) {
    CompressionPlan plan;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const auto known = spectra.find(chosen[i].name);
        const RankChoice& choice = allocation.choices[i];
        // At full rank `auto` leaves the matrix unchanged.
        plan.entries.push_back(makeEntry(
            chosen[i], choice.rank, choice.leftDense ? StorageChoice::Auto : options.storage,
            {options.method, options.settings}, known == spectra.end() ? nullptr : &known->second));
    }
    finishPlan(checkpoint, plan);
    plan.warnings.insert(plan.warnings.end(), allocation.warnings.begin(),
                         allocation.warnings.end());
    return plan;
}

bool needsSpectra(const PlanOptions& options) {
    if (method::methodNamed(options.method).cutsHeads) return false;
    switch (options.target.kind) {
        case RankTarget::Kind::Energy:
        case RankTarget::Kind::Error:
            return true;
        case RankTarget::Kind::Budget:
            return looksAtSpectra(options.allocation);
        case RankTarget::Kind::Rank:
        case RankTarget::Kind::Ratio:
            break;
    }
    return false;
}

void requirePossible(const Checkpoint& checkpoint, std::span<const WeightMatrix> chosen,
                     const PlanOptions& options) {
    checkOptions(options);
    if (chosen.empty()) throw usageError("No matrix is chosen; there is nothing to plan.");
    if (method::methodNamed(options.method).cutsHeads)
        return requirePossibleSlim(checkpoint, chosen, options);
    for (const WeightMatrix& matrix : chosen) requireStorable(matrix, options.storage);
    if (options.target.kind == RankTarget::Kind::Budget)
        allowedByBudget(checkpoint, chosen, options, leastByBudget(chosen, options));
}

CompressionPlan makePlan(const Checkpoint& checkpoint, std::span<const WeightMatrix> chosen,
                         const std::map<std::string, spectra::Spectrum>& spectra,
                         const PlanOptions& options) {
    requirePossible(checkpoint, chosen, options);
    if (method::methodNamed(options.method).cutsHeads)
        return makeSlimPlan(checkpoint, chosen, options);
    CompressionPlan plan = planFromAllocation(
        checkpoint, chosen, ranksForTarget(checkpoint, chosen, spectra, options), spectra, options);
    plan.settings = options.settings;
    if (options.target.kind == RankTarget::Kind::Budget) plan.allocation = options.allocation;
    return plan;
}

CompressionPlan planWithRanks(const Checkpoint& checkpoint,
                              const std::map<std::string, std::int64_t>& ranks,
                              const PlanOptions& options,
                              const std::map<std::string, spectra::Spectrum>& spectra) {
    for (const auto& [name, rank] : ranks)
        if (checkpoint.findMatrix(name) == nullptr)
            throw usageError(
                fmt::format("{} has no matrix {}.", printable(checkpoint.label()), printable(name)),
                name);
    requireRanks(options.method);
    CompressionPlan plan;
    plan.settings = options.settings;
    for (const WeightMatrix& matrix : checkpoint.matrices()) {
        const auto rank = ranks.find(matrix.name);
        if (rank == ranks.end()) continue;
        requireRank(matrix, rank->second);
        const auto known = spectra.find(matrix.name);
        plan.entries.push_back(makeEntry(matrix, rank->second, options.storage,
                                         {options.method, options.settings},
                                         known == spectra.end() ? nullptr : &known->second));
    }
    finishPlan(checkpoint, plan);
    return plan;
}

CompressionPlan withRank(const Checkpoint& checkpoint, const CompressionPlan& plan,
                         const std::string& matrixName, std::int64_t rank, StorageChoice storage,
                         const spectra::Spectrum* spectrum) {
    CompressionPlan edited = plan;
    const auto entry = std::ranges::find(edited.entries, matrixName,
                                         [](const PlanEntry& e) { return e.matrix.name; });
    if (entry == edited.entries.end())
        throw usageError(fmt::format("{} is not in the plan.", printable(matrixName)), matrixName);
    requireRanks(entry->method);
    requireRank(entry->matrix, rank);
    *entry = makeEntry(entry->matrix, rank, storage, {entry->method, plan.settings}, spectrum);
    edited.allocation.clear();
    finishPlan(checkpoint, edited);
    return edited;
}

CompressionPlan withMethod(const CompressionPlan& plan, const std::string& method,
                           const method::MethodSettings& settings,
                           const std::map<std::string, spectra::Spectrum>& spectra) {
    const bool same =
        settings == plan.settings && std::ranges::all_of(plan.entries, [&](const PlanEntry& entry) {
            return entry.method == method;
        });
    if (same) return plan;
    CompressionPlan edited = plan;
    if (isSlim(plan) && method::methodNamed(method).cutsHeads) {
        edited.settings = settings;
        edited.tried.clear();
        return edited;
    }
    requireRanks(method);
    for (const PlanEntry& entry : plan.entries) requireRanks(entry.method);
    edited.settings = settings;
    edited.allocation.clear();
    edited.tried.clear();
    for (PlanEntry& entry : edited.entries) {
        const bool keepsError = entry.kept || (entry.method == method && method == "svd" &&
                                               settings.refit == plan.settings.refit &&
                                               settings.refine == plan.settings.refine);
        entry.method = method;
        if (keepsError) continue;
        entry.relativeError.reset();
        const auto known = spectra.find(entry.matrix.name);
        if (known != spectra.end() && isErrorForetold(entry, settings))
            entry.relativeError = known->second.relativeError(entry.rank);
    }
    return edited;
}

void addRefinement(CompressionPlan& plan, int passes) {
    plan.settings.refine = true;
    plan.settings.refinePasses = passes;
    for (PlanEntry& entry : plan.entries)
        if (!isErrorForetold(entry, plan.settings)) entry.relativeError.reset();
}

void recordCalibration(CompressionPlan& plan, const method::Calibration* calibration) {
    if (calibration == nullptr) return;
    const method::CalibrationRecord& record = calibration->record();
    if (plan.calibrationFile.empty()) plan.calibrationFile = calibration->name();
    plan.calibration = {record.contentHash, record.dataHash, record.examples.size(), record.seed};
}

}  // namespace rankscope::plan
