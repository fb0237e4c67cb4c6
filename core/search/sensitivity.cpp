// SPDX-License-Identifier: Apache-2.0
#include "core/search/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/journal.h"
#include "core/plan/allocation.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/rank_target.h"
#include "core/plan/stored_parameters.h"

namespace rankscope::search {

using checkpoint::Checkpoint;
using checkpoint::WeightMatrix;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t divergedInSuccession = 3;

/// The largest rank permitted without leaving a matrix unchanged.
std::vector<plan::RankChoices> ranksOnly(std::span<const WeightMatrix> chosen,
                                         const plan::PlanOptions& options) {
    return plan::rankChoices(plan::allocatorNamed("uniform"),
                             plan::allocationMatrices(chosen, {}, false, options), options);
}

/// Every matrix at every share, not measured yet; a share below the smallest rank has that rank.
std::vector<Sensitivity> emptyRows(std::span<const WeightMatrix> chosen,
                                   const SensitivityOptions& options) {
    std::vector<double> shares = options.shares;
    std::ranges::sort(shares, std::ranges::greater());
    const auto choices = ranksOnly(chosen, options.plan);
    std::vector<Sensitivity> rows;
    for (std::size_t m = 0; m < chosen.size(); ++m)
        for (const double share : shares) {
            const std::int64_t parameters =
                plan::shareOf(share, chosen[m].rows * chosen[m].columns);
            rows.push_back(
                {m, share, choices[m][plan::largestWithin(choices[m], parameters)], infinity});
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

/// Losses measured so far, by matrix and rank: {"matrix": name, "rank": r, "loss": number or null}.
class LossJournal {
 public:
    LossJournal(std::span<const WeightMatrix> chosen, const SensitivityOptions& options,
                const Progress& progress) {
        if (options.journal.empty()) return;
        m_journal = Journal(options.journal, searchKey(chosen, options), progress);
        for (const Json& entry : m_journal.entries())
            if (entry.is_object() && entry.contains("matrix") && entry["matrix"].is_string() &&
                entry.contains("rank") && entry["rank"].is_number_integer() &&
                entry.contains("loss") && (entry["loss"].is_number() || entry["loss"].is_null()))
                m_losses[{entry["matrix"].get<std::string>(), entry["rank"].get<std::int64_t>()}] =
                    entry["loss"].is_null() ? std::numeric_limits<double>::quiet_NaN()
                                            : entry["loss"].get<double>();
    }

    /// The loss that an earlier run measured, NaN if it was not finite; nothing if it did not come
    /// so far.
    std::optional<double> find(const std::string& matrix, std::int64_t rank) const {
        const auto found = m_losses.find({matrix, rank});
        return found == m_losses.end() ? std::nullopt : std::optional(found->second);
    }

    void add(const std::string& matrix, std::int64_t rank, double loss) {
        m_journal.append({{"matrix", matrix},
                          {"rank", rank},
                          {"loss", std::isfinite(loss) ? Json(loss) : Json(nullptr)}});
    }

 private:
    Journal m_journal;
    std::map<std::pair<std::string, std::int64_t>, double> m_losses;
};

/// The model whose loss is measured with one matrix compressed at a time.
struct SearchedModel {
    const Checkpoint& checkpoint;
    const plan::PlanOptions& options;
    const LossOf& lossOf;
};

/// Fills in the losses of one matrix; false if a stop was requested.
bool measureMatrix(const SearchedModel& model, const WeightMatrix& matrix,
                   std::span<Sensitivity> rows, LossJournal& journal, const Progress& progress) {
    const Sensitivity* before = nullptr;
    for (Sensitivity& row : rows) {
        std::optional<double> loss = journal.find(matrix.name, row.choice.rank);
        if (before != nullptr && before->choice.rank == row.choice.rank) loss = before->loss;
        if (!loss) {
            if (progress.stopRequested()) return false;
            plan::Allocation only;
            only.choices.push_back(row.choice);
            try {
                loss = model.lossOf(plan::planFromAllocation(
                    model.checkpoint, std::span(&matrix, 1), only, {}, model.options));
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::Interrupted) throw;
                return false;
            }
            journal.add(matrix.name, row.choice.rank, *loss);
        }
        row.loss = *loss;
        if (!std::isfinite(*loss)) row.loss = infinity;
        before = &row;
    }
    return true;
}

/// Every matrix unchanged, or at the largest rank permitted if ranks are capped.
std::vector<plan::RankChoice> largestOf(std::span<const WeightMatrix> chosen,
                                        const plan::PlanOptions& options) {
    const auto choices = ranksOnly(chosen, options);
    std::vector<plan::RankChoice> largest;
    for (std::size_t m = 0; m < chosen.size(); ++m) {
        const std::int64_t rank = plan::rankLimit(chosen[m]);
        const auto whole =
            plan::resolveStorage(chosen[m], rank, plan::StorageChoice::Auto).parameters;
        largest.push_back(options.maxRank < rank ? choices[m].back()
                                                 : plan::RankChoice{rank, whole, 0, true});
    }
    return largest;
}

/// The rows of a group at one share, which are allowed together.
struct SharedRow {
    double loss = 0;  ///< their mean
    double share = 0;
    std::vector<const Sensitivity*> rows;
};

/// Each matrix at the smallest of its choices among `allowedRows`, or as in `largest`.
std::vector<plan::RankChoice> smallestAllowed(std::vector<plan::RankChoice> largest,
                                              std::span<const SharedRow> allowedRows) {
    for (const SharedRow& shared : allowedRows)
        for (const Sensitivity* row : shared.rows)
            if (row->choice.parameters < largest[row->matrix].parameters)
                largest[row->matrix] = row->choice;
    return largest;
}

std::int64_t stored(std::span<const plan::RankChoice> choices) {
    std::int64_t sum = 0;
    for (const plan::RankChoice& choice : choices) sum += choice.parameters;
    return sum;
}

std::vector<SharedRow> byLoss(std::span<const WeightMatrix> chosen,
                              std::span<const Sensitivity> rows, const plan::PlanOptions& options) {
    const auto groups =
        plan::allocationGroups(plan::allocationMatrices(chosen, {}, false, options), options);
    std::vector<std::size_t> groupOf(chosen.size());
    for (std::size_t g = 0; g < groups.size(); ++g)
        for (const std::size_t place : groups[g]) groupOf[place] = g;
    std::vector<SharedRow> order;
    std::map<std::pair<std::size_t, double>, std::size_t> known;
    for (const Sensitivity& row : rows) {
        const std::pair key(groupOf[row.matrix], row.share);
        const std::size_t place = known.try_emplace(key, order.size()).first->second;
        if (place == order.size()) order.push_back({0, row.share, {}});
        order[place].loss += row.loss;
        order[place].rows.push_back(&row);
    }
    for (SharedRow& shared : order) shared.loss /= static_cast<double>(shared.rows.size());
    std::ranges::stable_sort(order, [](const SharedRow& a, const SharedRow& b) {
        return a.loss != b.loss ? a.loss < b.loss : a.share > b.share;
    });
    return order;
}

/// Fewest parameters that a cut can store the chosen matrices in.
std::int64_t leastByCut(std::span<const WeightMatrix> chosen, const SensitivityOptions& options) {
    const std::vector<Sensitivity> rows = emptyRows(chosen, options);
    return stored(
        smallestAllowed(largestOf(chosen, options.plan), byLoss(chosen, rows, options.plan)));
}

}  // namespace

std::size_t lossesMissing(std::span<const WeightMatrix> chosen, const SensitivityOptions& options,
                          const Progress& progress) {
    LossJournal journal(chosen, options, progress);
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
    LossJournal journal(chosen, options, progress);
    const std::size_t shares = options.shares.size();
    std::size_t silent = 0;  // matrices in succession without a finite loss
    std::size_t measured = 0;
    for (; measured < chosen.size() && table.complete; ++measured) {
        progress.report(static_cast<double>(measured) / static_cast<double>(chosen.size()),
                        fmt::format("sensitivity of {}", printable(chosen[measured].name)));
        const auto rows = std::span(table.rows).subspan(measured * shares, shares);
        table.complete = measureMatrix({checkpoint, options.plan, lossOf}, chosen[measured], rows,
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

plan::Allocation cutBySensitivity(std::span<const WeightMatrix> chosen,
                                  std::span<const Sensitivity> rows, std::int64_t allowed,
                                  const plan::PlanOptions& options) {
    const std::vector<SharedRow> order = byLoss(chosen, rows, options);
    const std::vector<plan::RankChoice> largest = largestOf(chosen, options);
    const auto upTo = [&](std::size_t count) {
        return smallestAllowed(largest, std::span(order).first(count));
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
    const std::int64_t allowed = plan::leftByBudget(checkpoint, chosen, options.plan.target.value);
    for (const double smaller : {0.3, 0.2, 0.1, 0.0}) {
        if (leastByCut(chosen, options) <= allowed) break;
        if (smaller < std::ranges::min(options.shares)) options.shares.push_back(smaller);
    }
    return options;
}

plan::CompressionPlan planBySensitivity(const Checkpoint& checkpoint,
                                        std::span<const WeightMatrix> chosen,
                                        const SensitivityOptions& given, const LossOf& lossOf,
                                        const Progress& progress) {
    const SensitivityOptions options = withSharesForBudget(checkpoint, chosen, given);
    const std::int64_t allowed =
        plan::allowedByBudget(checkpoint, chosen, options.plan, leastByCut(chosen, options));
    const SensitivityTable table =
        measureSensitivity(checkpoint, chosen, options, lossOf, progress);
    plan::Allocation allocation = cutBySensitivity(chosen, table.rows, allowed, options.plan);
    allocation.warnings = table.warnings;
    plan::CompressionPlan plan =
        plan::planFromAllocation(checkpoint, chosen, allocation, {}, options.plan);
    plan.settings = options.plan.settings;
    plan.allocation = plan::sensitivityName;
    return plan;
}

}  // namespace rankscope::search
