// SPDX-License-Identifier: Apache-2.0
#include "core/plan/allocation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "core/base/error.h"
#include "core/base/nearest_words.h"
#include "core/plan/plan.h"
#include "core/plan/stored_parameters.h"

namespace rankscope::plan {

namespace {

using checkpoint::WeightMatrix;

/// Σ_{i>r} importance[i]² for r from 0 to `limit`, where it is 0: a full rank has no error.
std::vector<double> squaredErrors(std::span<const double> importance, std::int64_t limit) {
    std::vector<double> tail(static_cast<std::size_t>(limit) + 1, 0.0);
    for (std::size_t r = std::min(tail.size() - 1, importance.size()); r-- > 0;)
        tail[r] = tail[r + 1] + importance[r] * importance[r];
    return tail;
}

/// `options` with the bounds of these matrices too.
PlanOptions boundedBy(std::span<const AllocationMatrix> matrices,
                      std::span<const std::size_t> group, PlanOptions options) {
    for (const std::size_t place : group) {
        options.minRank = std::max(options.minRank, matrices[place].minRank);
        options.maxRank = std::min(options.maxRank, matrices[place].maxRank);
    }
    return options;
}

RankChoices choicesOf(const AllocationMatrix& entry, const PlanOptions& options, bool leavesDense) {
    const WeightMatrix& matrix = entry.matrix;
    const std::int64_t limit = rankLimit(matrix);
    const std::int64_t dense = matrix.rows * matrix.columns;
    const std::int64_t lowest = lowestRank(matrix, options.minRank, options.multipleOf);
    const std::int64_t highest =
        std::max(lowest, highestRank(matrix, options.maxRank, options.multipleOf));
    const bool denseToo = leavesDense && highest == limit &&
                          options.storage != StorageChoice::Auto &&
                          matrix.storage == checkpoint::Storage::Dense;
    const std::vector<double> errors = squaredErrors(entry.importance, limit);
    RankChoices choices;
    for (std::int64_t rank = lowest; rank <= highest;) {
        const std::int64_t parameters = resolveStorage(matrix, rank, options.storage).parameters;
        // Two factors larger than the matrix are useless, unless there is no other choice.
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
    static constexpr std::array<MeasuredAllocation, 3> table = {{
        {sensitivityName,
         "Least compression where it costs most loss: each matrix is tried alone at several shares "
         "(STRS)."},
        {gradientName,
         "Water-filling of errors weighted by the loss's gradients at a model cut to 50 %; one "
         "backward pass."},
        {autoName, "The one of all others that loses least on held-out dialogues."},
    }};
    return table;
}

bool isMeasured(std::string_view name) {
    return std::ranges::any_of(measuredAllocations(),
                               [&](const MeasuredAllocation& one) { return one.name == name; });
}

bool looksAtSpectra(std::string_view name) {
    return name == autoName || name == gradientName || allocatorNamed(name).needsSpectra;
}

const Allocator& allocatorNamed(std::string_view name) {
    if (isMeasured(name)) return allocators().front();
    std::vector<std::string_view> known;
    for (const Allocator& allocator : allocators()) {
        if (allocator.name == name) return allocator;
        known.push_back(allocator.name);
    }
    for (const MeasuredAllocation& one : measuredAllocations()) known.push_back(one.name);
    const std::string hint = didYouMean(name, known);
    throw usageError(fmt::format("There is no allocation \"{}\"; choose: {}{}", printable(name),
                                 fmt::join(known, ", "), hint.empty() ? "." : hint));
}

AllocationGroups allocationGroups(std::span<const AllocationMatrix> matrices,
                                  const PlanOptions& options) {
    const auto typeOf = [](const WeightMatrix& m) {
        return std::tuple(m.stack, m.sublayer, m.role, m.rows, m.columns, m.storage, m.rank);
    };
    AllocationGroups groups;
    std::map<decltype(typeOf(WeightMatrix())), std::size_t> groupOfType;
    for (std::size_t place = 0; place < matrices.size(); ++place) {
        std::size_t group = groups.size();
        if (options.groups == "type")
            group = groupOfType.try_emplace(typeOf(matrices[place].matrix), group).first->second;
        if (group == groups.size()) groups.emplace_back();
        groups[group].push_back(place);
    }
    return groups;
}

std::vector<RankChoices> rankChoices(const Allocator& allocator,
                                     std::span<const AllocationMatrix> matrices,
                                     const PlanOptions& options) {
    std::vector<RankChoices> choices(matrices.size());
    for (const std::vector<std::size_t>& group : allocationGroups(matrices, options)) {
        const PlanOptions bounded = boundedBy(matrices, group, options);
        for (const std::size_t place : group)
            choices[place] = choicesOf(matrices[place], bounded, allocator.leavesDense);
    }
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
    const AllocationGroups groups = allocationGroups(matrices, options);
    return allocator.distribute({matrices, choices, groups, allowed, options});
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

std::int64_t stepParameters(std::span<const RankChoices> choices,
                            std::span<const std::size_t> group, std::size_t pick) {
    std::int64_t sum = 0;
    for (const std::size_t place : group)
        sum += choices[place][pick + 1].parameters - choices[place][pick].parameters;
    return sum;
}

Allocation withRestSpent(const AllocationTask& task, std::vector<std::size_t> picks) {
    std::int64_t rest = task.allowed - totalParameters(task.choices, picks);
    for (const std::vector<std::size_t>& group : task.groups) {
        const std::size_t pick = picks[group.front()];
        if (pick + 1 == task.choices[group.front()].size()) continue;
        const std::int64_t parameters = stepParameters(task.choices, group, pick);
        if (parameters > rest) continue;
        rest -= parameters;
        for (const std::size_t place : group) ++picks[place];
    }
    Allocation allocation;
    for (std::size_t i = 0; i < picks.size(); ++i)
        allocation.choices.push_back(task.choices[i][picks[i]]);
    return allocation;
}

}  // namespace rankscope::plan
