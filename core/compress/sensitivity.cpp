// SPDX-License-Identifier: Apache-2.0
#include "core/compress/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/compress/plan_parts.h"
#include "core/compress/rank_target.h"
#include "core/compress/sensitivity_journal.h"

namespace rankscope::compress {

using checkpoint::Checkpoint;
using checkpoint::WeightMatrix;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t divergedInSuccession = 3;

/// Every matrix at every share, not measured yet; a share below the smallest rank has that rank.
std::vector<Sensitivity> emptyRows(std::span<const WeightMatrix> chosen,
                                   const SensitivityOptions& options) {
    std::vector<double> shares = options.shares;
    std::ranges::sort(shares, std::ranges::greater());
    const Allocator& ranksOnly = allocatorNamed("uniform");
    std::vector<Sensitivity> rows;
    for (std::size_t m = 0; m < chosen.size(); ++m) {
        const AllocationMatrix entry{chosen[m]};
        const auto choices = rankChoices(ranksOnly, std::span(&entry, 1), options.plan);
        for (const double share : shares) {
            const std::int64_t parameters = shareOf(share, chosen[m].rows * chosen[m].columns);
            rows.push_back({m, share, choices[0][largestWithin(choices[0], parameters)], infinity});
        }
    }
    return rows;
}

}  // namespace

Json searchKey(std::span<const WeightMatrix> chosen, const SensitivityOptions& options) {
    Json key = {{"search", "sensitivity"},
                {"method", options.plan.method},
                {"storage", static_cast<int>(options.plan.storage)},
                {"given", options.key}};
    for (const WeightMatrix& matrix : chosen)
        key["matrices"].push_back({matrix.name, matrix.rows, matrix.columns});
    return key;
}

namespace {

/// Fills in the losses of one matrix; false where a stop was requested.
bool measureMatrix(const Checkpoint& checkpoint, const WeightMatrix& matrix,
                   std::span<Sensitivity> rows, const PlanOptions& options, const LossOf& lossOf,
                   SensitivityJournal& journal, const Progress& progress) {
    const Sensitivity* before = nullptr;
    for (Sensitivity& row : rows) {
        std::optional<double> loss = journal.find(matrix.name, row.choice.rank);
        if (before != nullptr && before->choice.rank == row.choice.rank) loss = before->loss;
        if (!loss) {
            if (progress.stopRequested()) return false;
            Allocation only;
            only.choices.push_back(row.choice);
            try {
                loss = lossOf(
                    planFromAllocation(checkpoint, std::span(&matrix, 1), only, {}, options));
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::Interrupted) throw;
                return false;
            }
            journal.add(matrix.name, row.choice.rank, *loss);
        }
        row.loss = std::isfinite(*loss) ? *loss : infinity;
        before = &row;
    }
    return true;
}

/// The matrix as it is.
RankChoice unchanged(const WeightMatrix& matrix) {
    const std::int64_t rank = rankLimit(matrix);
    return {rank, resolveStorage(matrix, rank, StorageChoice::Auto).parameters, 0, true};
}

/// Each matrix at the smallest of its choices among `allowedRows`, or as it is.
std::vector<RankChoice> smallestAllowed(std::span<const WeightMatrix> chosen,
                                        std::span<const Sensitivity* const> allowedRows) {
    std::vector<RankChoice> choices;
    for (const WeightMatrix& matrix : chosen) choices.push_back(unchanged(matrix));
    for (const Sensitivity* row : allowedRows)
        if (row->choice.parameters < choices[row->matrix].parameters)
            choices[row->matrix] = row->choice;
    return choices;
}

std::int64_t stored(std::span<const RankChoice> choices) {
    std::int64_t sum = 0;
    for (const RankChoice& choice : choices) sum += choice.parameters;
    return sum;
}

std::vector<const Sensitivity*> byLoss(std::span<const Sensitivity> rows) {
    std::vector<const Sensitivity*> order;
    for (const Sensitivity& row : rows) order.push_back(&row);
    std::ranges::stable_sort(order, [](const Sensitivity* a, const Sensitivity* b) {
        return a->loss != b->loss ? a->loss < b->loss : a->share > b->share;
    });
    return order;
}

}  // namespace

std::size_t lossesMissing(std::span<const WeightMatrix> chosen, const SensitivityOptions& options,
                          const Progress& progress) {
    SensitivityJournal journal;
    if (!options.journal.empty())
        journal = SensitivityJournal(options.journal, searchKey(chosen, options), progress);
    std::set<std::pair<std::size_t, std::int64_t>> missing;
    for (const Sensitivity& row : emptyRows(chosen, options))
        if (!journal.find(chosen[row.matrix].name, row.choice.rank))
            missing.emplace(row.matrix, row.choice.rank);
    return missing.size();
}

SensitivityTable measureSensitivity(const Checkpoint& checkpoint,
                                    std::span<const WeightMatrix> chosen,
                                    const SensitivityOptions& options, const LossOf& lossOf,
                                    const Progress& progress) {
    SensitivityTable table;
    table.rows = emptyRows(chosen, options);
    SensitivityJournal journal;
    if (!options.journal.empty())
        journal = SensitivityJournal(options.journal, searchKey(chosen, options), progress);
    const std::size_t shares = options.shares.size();
    std::size_t silent = 0;  // matrices in succession without a finite loss
    std::size_t measured = 0;
    for (; measured < chosen.size() && table.complete; ++measured) {
        progress.report(static_cast<double>(measured) / static_cast<double>(chosen.size()),
                        fmt::format("sensitivity of {}", printable(chosen[measured].name)));
        const auto rows = std::span(table.rows).subspan(measured * shares, shares);
        table.complete = measureMatrix(checkpoint, chosen[measured], rows, options.plan, lossOf,
                                       journal, progress);
        if (!table.complete) break;
        const auto finite = [](const Sensitivity& row) { return std::isfinite(row.loss); };
        silent = std::ranges::any_of(rows, finite) ? 0 : silent + 1;
        if (silent == divergedInSuccession) table.complete = false;
    }
    if (!table.complete)
        table.warnings.push_back(fmt::format(
            "The sensitivity search {}; {} of {} matrices were measured, the others count as the "
            "most sensitive.",
            silent == divergedInSuccession
                ? "was ended, because three matrices in succession gave no finite loss at any share"
                : "was stopped",
            measured, chosen.size()));
    return table;
}

Allocation cutBySensitivity(std::span<const WeightMatrix> chosen, std::span<const Sensitivity> rows,
                            std::int64_t allowed) {
    const std::vector<const Sensitivity*> order = byLoss(rows);
    const auto upTo = [&](std::size_t count) {
        return smallestAllowed(chosen, std::span(order).first(count));
    };
    if (const std::int64_t least = stored(upTo(order.size())); least > allowed)
        throw usageError(
            fmt::format("The chosen matrices cannot be stored in {} parameters: at the smallest "
                        "shares that were measured they need {}.",
                        allowed, least));
    std::size_t low = 0;
    std::size_t high = order.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (stored(upTo(middle)) <= allowed)
            high = middle;
        else
            low = middle + 1;
    }
    return {upTo(high), {}};
}

SensitivityOptions withSharesForBudget(const Checkpoint& checkpoint,
                                       std::span<const WeightMatrix> chosen,
                                       SensitivityOptions options) {
    const std::int64_t allowed = leftByBudget(checkpoint, chosen, options.plan.target.value);
    for (const double smaller : {0.3, 0.2, 0.1, 0.0}) {
        const std::vector<Sensitivity> rows = emptyRows(chosen, options);
        if (stored(smallestAllowed(chosen, byLoss(rows))) <= allowed) break;
        if (smaller < std::ranges::min(options.shares)) options.shares.push_back(smaller);
    }
    return options;
}

CompressionPlan planBySensitivity(const Checkpoint& checkpoint,
                                  std::span<const WeightMatrix> chosen,
                                  const std::map<std::string, spectra::Spectrum>& spectra,
                                  const SensitivityOptions& given, const LossOf& lossOf,
                                  const Progress& progress) {
    const SensitivityOptions options = withSharesForBudget(checkpoint, chosen, given);
    const std::vector<Sensitivity> rows = emptyRows(chosen, options);
    const std::int64_t allowed = allowedByBudget(checkpoint, chosen, options.plan,
                                                 stored(smallestAllowed(chosen, byLoss(rows))));
    const SensitivityTable table =
        measureSensitivity(checkpoint, chosen, options, lossOf, progress);
    Allocation allocation = cutBySensitivity(chosen, table.rows, allowed);
    allocation.warnings = table.warnings;
    CompressionPlan plan =
        planFromAllocation(checkpoint, chosen, allocation, spectra, options.plan);
    plan.settings = options.plan.settings;
    plan.allocation = sensitivityName;
    return plan;
}

}  // namespace rankscope::compress
