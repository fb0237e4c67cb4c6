// SPDX-License-Identifier: Apache-2.0
#include "core/plan/rank_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"
#include "core/plan/stored_parameters.h"

namespace rankscope::plan {

using checkpoint::Storage;
using checkpoint::storedParameters;
using checkpoint::WeightMatrix;

namespace {

std::int64_t lowestRank(const WeightMatrix& matrix, const PlanOptions& options) {
    return plan::lowestRank(matrix, options.minRank, options.multipleOf);
}

std::int64_t highestRank(const WeightMatrix& matrix, const PlanOptions& options) {
    return plan::highestRank(matrix, options.maxRank, options.multipleOf);
}

/// `rank` rounded down to what the options permit. The limit itself needs no rounding.
std::int64_t roundedDown(const WeightMatrix& matrix, std::int64_t rank,
                         const PlanOptions& options) {
    if (const std::int64_t highest = highestRank(matrix, options); rank >= highest) return highest;
    return std::max(lowestRank(matrix, options), rank / options.multipleOf * options.multipleOf);
}

std::int64_t roundedUp(const WeightMatrix& matrix, std::int64_t rank, const PlanOptions& options) {
    const std::int64_t up =
        (rank + options.multipleOf - 1) / options.multipleOf * options.multipleOf;
    return std::min(highestRank(matrix, options), std::max(up, lowestRank(matrix, options)));
}

std::int64_t parametersAt(const WeightMatrix& matrix, std::int64_t rank, StorageChoice choice) {
    return resolveStorage(matrix, rank, choice).parameters;
}

/// Largest rank whose stored parameters are at most `allowed`; 0 if rank 1 is too much. Every form
/// grows with the rank up to min(m, n), so bisection inverts r(m + n) and r(m + n) - r².
std::int64_t rankWithin(const WeightMatrix& matrix, std::int64_t allowed, StorageChoice choice) {
    std::int64_t fits = 0;
    std::int64_t tooMuch = rankLimit(matrix) + 1;
    while (tooMuch - fits > 1) {
        const std::int64_t middle = (fits + tooMuch) / 2;
        (parametersAt(matrix, middle, choice) <= allowed ? fits : tooMuch) = middle;
    }
    return fits;
}

std::int64_t elements(const WeightMatrix& matrix) { return matrix.rows * matrix.columns; }

std::vector<std::int64_t> fixedRank(std::span<const WeightMatrix> chosen,
                                    const PlanOptions& options) {
    const WeightMatrix& smallest = *std::ranges::min_element(chosen, {}, &WeightMatrix::fullRank);
    const double value = options.target.value;
    if (!(value >= 1 && value <= static_cast<double>(smallest.fullRank())) ||
        value != std::floor(value))
        throw usageError(
            fmt::format("A rank of {} is not possible: the chosen matrices permit whole numbers "
                        "from 1 to {} ({} is {} x {}).",
                        value, smallest.fullRank(), printable(smallest.name), smallest.rows,
                        smallest.columns),
            smallest.name);
    std::vector<std::int64_t> ranks;
    for (const WeightMatrix& matrix : chosen)
        ranks.push_back(roundedDown(matrix, static_cast<std::int64_t>(value), options));
    return ranks;
}

const spectra::Spectrum& spectrumOf(const WeightMatrix& matrix,
                                    const std::map<std::string, spectra::Spectrum>& spectra) {
    const auto known = spectra.find(matrix.name);
    if (known == spectra.end())
        throw Error(fmt::format("The singular values of {} are not known; compute its spectrum "
                                "before choosing a rank by energy, error or this allocation.",
                                printable(matrix.name)),
                    matrix.name);
    return known->second;
}

std::vector<std::int64_t> ranksNeeded(std::span<const WeightMatrix> chosen,
                                      const std::map<std::string, spectra::Spectrum>& spectra,
                                      const RankTarget& target) {
    const bool energy = target.kind == RankTarget::Kind::Energy;
    if (energy && !(target.value > 0 && target.value <= 1))
        throw usageError(
            fmt::format("An energy of {} is not possible: it must be above 0 and at "
                        "most 1.",
                        target.value));
    if (!energy && !(target.value >= 0 && target.value <= 1))
        throw usageError(fmt::format(
            "A relative error of {} is not possible: it must be from 0 to 1.", target.value));
    std::vector<std::int64_t> ranks;
    for (const WeightMatrix& matrix : chosen) {
        const spectra::Spectrum& spectrum = spectrumOf(matrix, spectra);
        ranks.push_back(energy ? spectrum.rankForEnergy(target.value)
                               : spectrum.rankForError(target.value));
    }
    return ranks;
}

/// For a group the largest rank that a member needs, so that the target holds for all.
Allocation ranksBySpectrum(std::span<const WeightMatrix> chosen,
                           const std::map<std::string, spectra::Spectrum>& spectra,
                           const PlanOptions& options) {
    const std::vector<std::int64_t> needed = ranksNeeded(chosen, spectra, options.target);
    Allocation allocation;
    allocation.choices.resize(chosen.size());
    std::size_t capped = 0;
    const auto matrices = allocationMatrices(chosen, spectra, false, options);
    for (const std::vector<std::size_t>& group : allocationGroups(matrices, options)) {
        std::int64_t rank = 0;
        for (const std::size_t place : group)
            rank = std::max(rank, roundedUp(chosen[place], needed[place], options));
        for (const std::size_t place : group) {
            allocation.choices[place].rank = rank;
            if (rank < rankLimit(chosen[place]) && rank < needed[place]) ++capped;
        }
    }
    if (capped > 0)
        allocation.warnings.push_back(fmt::format(
            "--max-rank {} keeps {} of {} matrices from the {} of {} that was asked for.",
            options.maxRank, capped, chosen.size(),
            options.target.kind == RankTarget::Kind::Energy ? "energy" : "relative error",
            options.target.value));
    return allocation;
}

void requireSaving(const PlanOptions& options, std::string_view what) {
    if (!(options.target.value > 0 && options.target.value <= 1))
        throw usageError(
            fmt::format("A {} of {} is not possible: it must be above 0 and at most "
                        "1.",
                        what, options.target.value));
    if (options.storage == StorageChoice::Dense)
        throw usageError(
            fmt::format("--{} cannot be combined with --storage dense: W' multiplied out has as "
                        "many parameters as before, whatever its rank. Give --rank, --energy or "
                        "--error, or another storage.",
                        what));
}

std::vector<std::int64_t> ranksByRatio(std::span<const WeightMatrix> chosen,
                                       const PlanOptions& options) {
    requireSaving(options, "ratio");
    double needed = 0;
    bool possible = true;
    std::vector<std::int64_t> ranks;
    for (const WeightMatrix& matrix : chosen) {
        const std::int64_t lowest = lowestRank(matrix, options);
        const std::int64_t atLeast = parametersAt(matrix, lowest, options.storage);
        const std::int64_t allowed = shareOf(options.target.value, elements(matrix));
        needed =
            std::max(needed, static_cast<double>(atLeast) / static_cast<double>(elements(matrix)));
        possible = possible && atLeast <= allowed;
        ranks.push_back(roundedDown(matrix, rankWithin(matrix, allowed, options.storage), options));
    }
    if (!possible)
        throw usageError(
            fmt::format("A ratio of {} cannot be met: with these matrices, this "
                        "storage and the smallest permitted rank, at least {:.6g} of "
                        "the parameters is stored; the permitted range is {:.6g} to 1.",
                        options.target.value, needed, needed));
    return ranks;
}

Allocation ranksByBudget(const checkpoint::Checkpoint& checkpoint,
                         std::span<const WeightMatrix> chosen,
                         const std::map<std::string, spectra::Spectrum>& spectra,
                         const PlanOptions& options) {
    if (isMeasured(options.allocation))
        throw usageError(
            fmt::format("The allocation {} has to be measured on a model.", options.allocation));
    const Allocator& allocator = allocatorNamed(options.allocation);
    const std::vector<AllocationMatrix> matrices =
        allocationMatrices(chosen, spectra, allocator.needsSpectra, options);
    const std::int64_t allowed =
        allowedByBudget(checkpoint, chosen, options, leastByBudget(chosen, options));
    return allocate(allocator, matrices, allowed, options);
}

/// Parameters that the model stores besides the chosen matrices.
std::int64_t parametersBeside(const checkpoint::Checkpoint& checkpoint,
                              std::span<const WeightMatrix> chosen) {
    std::int64_t parameters = checkpoint.parameterCount();
    for (const WeightMatrix& matrix : chosen) parameters -= parametersInSource(matrix);
    return parameters;
}

/// Ranks that do not distribute a budget.
Allocation plainRanks(std::span<const std::int64_t> ranks) {
    Allocation allocation;
    for (const std::int64_t rank : ranks) allocation.choices.push_back({rank});
    return allocation;
}

}  // namespace

std::vector<AllocationMatrix> allocationMatrices(
    std::span<const WeightMatrix> chosen, const std::map<std::string, spectra::Spectrum>& spectra,
    bool needsSpectra, const PlanOptions& options) {
    std::vector<AllocationMatrix> matrices;
    for (const WeightMatrix& matrix : chosen) {
        AllocationMatrix entry{matrix};
        if (const auto weight = options.lossWeights.find(matrix.name);
            weight != options.lossWeights.end())
            entry.weight = weight->second;
        if (needsSpectra) entry.importance = spectrumOf(matrix, spectra).singularValues();
        matrices.push_back(std::move(entry));
    }
    return matrices;
}

std::int64_t leftByBudget(const checkpoint::Checkpoint& checkpoint,
                          std::span<const WeightMatrix> chosen, double budget) {
    return shareOf(budget, checkpoint.denseParameterCount()) - parametersBeside(checkpoint, chosen);
}

std::int64_t allowedByBudget(const checkpoint::Checkpoint& checkpoint,
                             std::span<const WeightMatrix> chosen, const PlanOptions& options,
                             std::int64_t least) {
    requireSaving(options, "budget");
    const std::int64_t allowed = leftByBudget(checkpoint, chosen, options.target.value);
    if (least > allowed) {
        const std::int64_t fixed = parametersBeside(checkpoint, chosen);
        const std::int64_t dense = checkpoint.denseParameterCount();
        const double needed = static_cast<double>(fixed + least) / static_cast<double>(dense);
        throw usageError(fmt::format(
            "A budget of {} cannot be met: with the chosen matrices at their smallest permitted "
            "rank, {} of {} parameters remain; the permitted range is {:.6f} to 1. Choose more "
            "matrices or a larger budget.",
            options.target.value, fixed + least, dense, std::ceil(needed * 1e6) / 1e6));
    }
    return allowed;
}

std::int64_t leastByBudget(std::span<const WeightMatrix> chosen, const PlanOptions& options) {
    const std::vector<AllocationMatrix> matrices = allocationMatrices(chosen, {}, false, options);
    return leastParameters(rankChoices(allocatorNamed(options.allocation), matrices, options));
}

Allocation ranksForTarget(const checkpoint::Checkpoint& checkpoint,
                          std::span<const WeightMatrix> chosen,
                          const std::map<std::string, spectra::Spectrum>& spectra,
                          const PlanOptions& options) {
    switch (options.target.kind) {
        case RankTarget::Kind::Rank:
            return plainRanks(fixedRank(chosen, options));
        case RankTarget::Kind::Ratio:
            return plainRanks(ranksByRatio(chosen, options));
        case RankTarget::Kind::Energy:
        case RankTarget::Kind::Error:
            return ranksBySpectrum(chosen, spectra, options);
        case RankTarget::Kind::Budget:
            break;
    }
    return ranksByBudget(checkpoint, chosen, spectra, options);
}

}  // namespace rankscope::plan
