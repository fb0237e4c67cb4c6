// SPDX-License-Identifier: Apache-2.0
#include "core/compress/allocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/compress/rank_target.h"

namespace rankscope::compress {

namespace {

using checkpoint::WeightMatrix;

/// Σ_{i>r} importance[i]² for r from 0 to `limit`, where it is 0: a full rank loses nothing.
std::vector<double> squaredErrors(std::span<const double> importance, std::int64_t limit) {
    std::vector<double> tail(static_cast<std::size_t>(limit) + 1, 0.0);
    for (std::size_t r = std::min(tail.size() - 1, importance.size()); r-- > 0;)
        tail[r] = tail[r + 1] + importance[r] * importance[r];
    return tail;
}

RankChoices choicesOf(const AllocationMatrix& entry, const PlanOptions& options, bool leavesDense) {
    const WeightMatrix& matrix = entry.matrix;
    const std::int64_t limit = rankLimit(matrix);
    const std::int64_t dense = matrix.rows * matrix.columns;
    const std::int64_t lowest =
        lowestRank(matrix, std::max(options.minRank, entry.minRank), options.multipleOf);
    const std::int64_t highest = std::max(lowest, std::min(limit, entry.maxRank));
    const bool denseToo = leavesDense && highest == limit &&
                          options.storage != StorageChoice::Auto &&
                          matrix.storage == checkpoint::Storage::Dense;
    const std::vector<double> errors = squaredErrors(entry.importance, limit);
    RankChoices choices;
    for (std::int64_t rank = lowest; rank <= highest;) {
        const std::int64_t parameters = resolveStorage(matrix, rank, options.storage).parameters;
        // Two factors larger than the matrix are worth nothing, unless there is no other choice.
        if (denseToo ? parameters >= dense : parameters > dense && !choices.empty()) break;
        choices.push_back({rank, parameters, errors[static_cast<std::size_t>(rank)], false});
        if (rank == limit) break;
        rank = std::min(rank + options.multipleOf, limit);
    }
    if (denseToo) choices.push_back({limit, dense, 0, true});
    return choices;
}

}  // namespace

std::span<const Allocator> allocators() {
    static constexpr std::array<Allocator, 4> table = {{
        {"uniform", "The same kept share of each matrix.", false, false, allocateUniform},
        {"energy", "The same kept energy of each matrix.", true, true, allocateByEnergy},
        {"effective-rank", "Ranks by the root of effective rank over size (D-Rank).", true, true,
         allocateByEffectiveRank},
        {"water-filling", "The least summed squared error.", true, true, allocateByWaterFilling},
    }};
    return table;
}

std::span<const MeasuredAllocation> measuredAllocations() {
    static constexpr std::array<MeasuredAllocation, 2> table = {{
        {sensitivityName,
         "Least where the loss minds most: every matrix alone is tried at several shares (STRS)."},
        {autoName, "The one of all others that loses least on held-out dialogues."},
    }};
    return table;
}

bool isMeasured(std::string_view name) {
    return std::ranges::any_of(measuredAllocations(),
                               [&](const MeasuredAllocation& one) { return one.name == name; });
}

bool looksAtSpectra(std::string_view name) {
    return name == autoName || allocatorNamed(name).needsSpectra;
}

const Allocator& allocatorNamed(std::string_view name) {
    if (isMeasured(name)) return allocators().front();
    std::string names;
    for (const Allocator& allocator : allocators()) {
        if (allocator.name == name) return allocator;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", allocator.name);
    }
    throw usageError(fmt::format("There is no allocation \"{}\"; choose: {}, {}, {}.",
                                 printable(name), names, sensitivityName, autoName));
}

std::vector<RankChoices> rankChoices(const Allocator& allocator,
                                     std::span<const AllocationMatrix> matrices,
                                     const PlanOptions& options) {
    std::vector<RankChoices> choices;
    for (const AllocationMatrix& entry : matrices)
        choices.push_back(choicesOf(entry, options, allocator.leavesDense));
    return choices;
}

std::int64_t leastParameters(std::span<const RankChoices> choices) {
    std::int64_t sum = 0;
    for (const RankChoices& of : choices) sum += of.front().parameters;
    return sum;
}

Allocation allocate(const Allocator& allocator, std::span<const AllocationMatrix> matrices,
                    std::int64_t allowed, const PlanOptions& options) {
    const std::vector<RankChoices> choices = rankChoices(allocator, matrices, options);
    if (const std::int64_t least = leastParameters(choices); least > allowed)
        throw usageError(
            fmt::format("The chosen matrices cannot be stored in {} parameters: at their smallest "
                        "permitted ranks they need {}.",
                        allowed, least));
    return allocator.distribute(matrices, choices, allowed, options);
}

std::size_t largestWithin(const RankChoices& choices, std::int64_t parameters) {
    const auto above = std::ranges::upper_bound(choices, parameters, {}, &RankChoice::parameters);
    return above == choices.begin() ? 0 : static_cast<std::size_t>(above - choices.begin()) - 1;
}

std::int64_t totalParameters(std::span<const RankChoices> choices,
                             std::span<const std::size_t> picks) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < picks.size(); ++i) sum += choices[i][picks[i]].parameters;
    return sum;
}

Allocation withRestSpent(std::span<const RankChoices> choices, std::vector<std::size_t> picks,
                         std::int64_t allowed) {
    std::int64_t rest = allowed - totalParameters(choices, picks);
    Allocation allocation;
    for (std::size_t i = 0; i < picks.size(); ++i) {
        const RankChoices& of = choices[i];
        std::size_t pick = picks[i];
        if (pick + 1 < of.size() && of[pick + 1].parameters - of[pick].parameters <= rest) {
            rest -= of[pick + 1].parameters - of[pick].parameters;
            ++pick;
        }
        allocation.choices.push_back(of[pick]);
    }
    return allocation;
}

}  // namespace rankscope::compress
