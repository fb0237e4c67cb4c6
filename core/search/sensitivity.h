// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"

namespace rankscope::search {

/// Mean loss of the model with this plan applied; NaN or infinite if it has none.
using LossOf = std::function<double(const plan::CompressionPlan&)>;

/// The loss with one matrix compressed and all others as they are.
struct Sensitivity {
    std::size_t matrix = 0;   ///< place among the chosen
    double share = 0;         ///< of its parameters that was to be kept
    plan::RankChoice choice;  ///< the largest within that share
    double loss = 0;          ///< infinite if it was not measured or not finite
};

struct SensitivityOptions {
    plan::PlanOptions plan;  ///< method, storage, bounds of ranks, groups; target is the budget
    std::vector<double> shares = {0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    std::filesystem::path journal;  ///< empty: an interrupted search starts again
    Json key = Json::object();      ///< what else decides the losses: model, data, settings
};

struct SensitivityTable {
    std::vector<Sensitivity> rows;  ///< every matrix at every share, in that order
    bool complete = true;
    std::vector<std::string> warnings;
};

/// Measures every chosen matrix at every share, the smallest share last. Ends early, with a warning
/// and what it has, if a stop is requested or if three matrices in succession gave no finite
/// loss at any share. What the journal holds is not measured again. Throws what `lossOf` throws but
/// for an interruption.
SensitivityTable measureSensitivity(const checkpoint::Checkpoint& checkpoint,
                                    std::span<const checkpoint::WeightMatrix> chosen,
                                    const SensitivityOptions& options, const LossOf& lossOf,
                                    const Progress& progress);

/// How many losses measureSensitivity() would have to measure.
std::size_t lossesMissing(std::span<const checkpoint::WeightMatrix> chosen,
                          const SensitivityOptions& options, const Progress& progress);

/// The options with shares small enough for their budget: 0.3, 0.2, 0.1 and the smallest permitted
/// rank join, in this order, until what the chosen matrices need at least can be paid.
SensitivityOptions withSharesForBudget(const checkpoint::Checkpoint& checkpoint,
                                       std::span<const checkpoint::WeightMatrix> chosen,
                                       SensitivityOptions options);

/// Everything that the losses of a search depend on: the journal's first line.
Json searchKey(std::span<const checkpoint::WeightMatrix> chosen, const SensitivityOptions& options);

/// STRS (ASVD, arXiv:2312.05821): all rows with a loss up to one cut are allowed, each matrix takes
/// the smallest share it is allowed or stays as it is (under a cap: at its largest rank), and the
/// cut is the lowest that stores at most `allowed` parameters. Rows of a group (allocationGroups)
/// at one share are allowed together, by their mean loss. Rows without a loss come last, larger
/// shares first. Throws Error of kind Usage if even all rows together store more.
plan::Allocation cutBySensitivity(std::span<const checkpoint::WeightMatrix> chosen,
                                  std::span<const Sensitivity> rows, std::int64_t allowed,
                                  const plan::PlanOptions& options = {});

/// The two together as a plan, with the warnings of both and shares for the budget. Its entries
/// predict no errors: that needs spectra.
plan::CompressionPlan planBySensitivity(const checkpoint::Checkpoint& checkpoint,
                                        std::span<const checkpoint::WeightMatrix> chosen,
                                        const SensitivityOptions& options, const LossOf& lossOf,
                                        const Progress& progress);

}  // namespace rankscope::search
