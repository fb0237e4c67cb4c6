// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "core/plan/allocation.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

inline AllocationMatrix matrixOf(std::int64_t rows, std::int64_t columns,
                                 std::vector<double> importance) {
    checkpoint::WeightMatrix matrix;
    matrix.name = "m";
    matrix.rows = rows;
    matrix.columns = columns;
    matrix.rank = matrix.fullRank();
    return {matrix, std::move(importance)};
}

inline PlanOptions optionsFor(StorageChoice storage, std::int64_t multipleOf = 1) {
    PlanOptions options;
    options.target.kind = RankTarget::Kind::Budget;
    options.storage = storage;
    options.multipleOf = multipleOf;
    return options;
}

inline std::vector<std::int64_t> ranksOf(const Allocation& allocation) {
    std::vector<std::int64_t> ranks;
    for (const RankChoice& choice : allocation.choices) ranks.push_back(choice.rank);
    return ranks;
}

inline std::int64_t parametersOf(const Allocation& allocation) {
    std::int64_t sum = 0;
    for (const RankChoice& choice : allocation.choices) sum += choice.parameters;
    return sum;
}

inline std::vector<double> fallingNumbers(std::size_t count, std::mt19937_64& random) {
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i)
        values.push_back(static_cast<double>(1 + random() % 1000) / 100);
    std::ranges::sort(values, std::ranges::greater());
    return values;
}

inline std::vector<AllocationMatrix> randomMatrices(std::size_t count, std::int64_t largest,
                                                    std::mt19937_64& random) {
    std::vector<AllocationMatrix> matrices;
    for (std::size_t i = 0; i < count; ++i) {
        const auto side = [&] {
            return 1 + static_cast<std::int64_t>(random() % static_cast<std::size_t>(largest));
        };
        const std::int64_t rows = side();
        const std::int64_t columns = side();
        matrices.push_back(
            matrixOf(rows, columns,
                     fallingNumbers(static_cast<std::size_t>(std::min(rows, columns)), random)));
        matrices.back().weight = static_cast<double>(1 + random() % 5);
    }
    return matrices;
}

/// Σ c_l squared error, c_l = weight or weight / ‖W‖².
inline double objective(const std::vector<AllocationMatrix>& matrices,
                        const std::vector<RankChoice>& choices, bool relative) {
    double sum = 0;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        double norm = 0;
        for (const double s : matrices[i].importance) norm += s * s;
        double tail = 0;
        const auto rank = static_cast<std::size_t>(choices[i].rank);
        for (std::size_t k = rank; k < matrices[i].importance.size(); ++k)
            tail += matrices[i].importance[k] * matrices[i].importance[k];
        sum += matrices[i].weight * tail / (relative ? norm : 1);
    }
    return sum;
}

/// The choices that the options permit for one matrix, by their definition: { rank, parameters }.
inline std::vector<RankChoice> permitted(const checkpoint::WeightMatrix& matrix,
                                         const PlanOptions& options) {
    const std::int64_t full = matrix.fullRank();
    const auto stored = [&](std::int64_t r) {
        return r * (matrix.rows + matrix.columns) -
               (options.storage == StorageChoice::Factored ? 0 : r * r);
    };
    std::int64_t lowest = options.multipleOf;
    while (lowest < options.minRank) lowest += options.multipleOf;
    std::vector<RankChoice> choices;
    for (std::int64_t r = lowest; r < full && r <= options.maxRank; r += options.multipleOf)
        if (stored(r) <= matrix.rows * matrix.columns) choices.push_back({r, stored(r)});
    if (full <= options.maxRank) choices.push_back({full, matrix.rows * matrix.columns});
    if (choices.empty()) choices.push_back({lowest, stored(lowest)});  // larger, but asked for
    return choices;
}

/// The least objective by trying every permitted rank of every group and leaving it unchanged;
/// infinite if nothing fits. `picked` has a place for every matrix.
inline double bruteForce(const std::vector<AllocationMatrix>& matrices,
                         const AllocationGroups& groups, std::vector<RankChoice>& picked,
                         std::int64_t allowed, const PlanOptions& options, std::size_t depth = 0) {
    if (allowed < 0) return std::numeric_limits<double>::infinity();
    if (depth == groups.size())
        return objective(matrices, picked, options.allocationError == "relative");
    const auto& group = groups[depth];
    double best = std::numeric_limits<double>::infinity();
    for (const RankChoice& choice : permitted(matrices[group.front()].matrix, options)) {
        for (const std::size_t place : group) picked[place] = choice;
        const std::int64_t spent = choice.parameters * static_cast<std::int64_t>(group.size());
        best = std::min(best,
                        bruteForce(matrices, groups, picked, allowed - spent, options, depth + 1));
    }
    return best;
}

/// Each matrix in a group of its own.
inline AllocationGroups alone(std::size_t count) {
    AllocationGroups groups;
    for (std::size_t i = 0; i < count; ++i) groups.push_back({i});
    return groups;
}

}  // namespace rankscope::plan
