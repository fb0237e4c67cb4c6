// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/plan/allocation.h"
#include "core/plan/stored_parameters.h"
#include "core/spectra/metrics.h"

namespace rankscope::plan {

namespace {

/// Every matrix at the whole rank below t sqrt(e / w), within its choices.
std::vector<std::size_t> picksAt(const AllocationTask& task, std::span<const double> roots,
                                 double t) {
    std::vector<std::size_t> picks;
    for (std::size_t i = 0; i < task.matrices.size(); ++i) {
        const checkpoint::WeightMatrix& matrix = task.matrices[i].matrix;
        const auto limit = static_cast<double>(rankLimit(matrix));
        const auto rank = static_cast<std::int64_t>(std::min(limit, std::floor(t * roots[i])));
        // By parameters, not by rank: beyond break-even the unchanged matrix is the choice.
        const std::int64_t parameters =
            rank < 1 ? 0 : resolveStorage(matrix, rank, task.options.storage).parameters;
        picks.push_back(largestWithin(task.choices[i], parameters));
    }
    return picks;
}

/// sqrt(e / w) of every matrix, e the mean over its group and w = m + n.
std::vector<double> rootsOf(const AllocationTask& task) {
    std::vector<double> roots(task.matrices.size());
    for (const std::vector<std::size_t>& group : task.groups) {
        double sum = 0;
        for (const std::size_t place : group)
            sum += spectra::effectiveRank(task.matrices[place].importance);
        const checkpoint::WeightMatrix& matrix = task.matrices[group.front()].matrix;
        const double sides =
            static_cast<double>(group.size()) * static_cast<double>(matrix.rows + matrix.columns);
        for (const std::size_t place : group) roots[place] = std::sqrt(sum / sides);
    }
    return roots;
}

}  // namespace

/// D-Rank: Σ e_l / k_l is least under Σ w_l k_l = P if k_l = t sqrt(e_l / w_l), w_l = m + n; with P
/// = Σ w_l k_l, t = P / Σ sqrt(e_j w_j). A group of one k has the sums of its members' e and w.
/// If some ranks are at their least or largest, the others share the rest by the same rule, so t is
/// found by bisection on the stored parameters.
Allocation allocateByEffectiveRank(const AllocationTask& task) {
    const std::vector<double> roots = rootsOf(task);
    double most = 0;  // t from which every matrix is at its limit
    for (std::size_t i = 0; i < roots.size(); ++i)
        if (roots[i] > 0)
            most = std::max(most,
                            static_cast<double>(rankLimit(task.matrices[i].matrix) + 1) / roots[i]);
    const auto fitsAt = [&](double t) {
        return totalParameters(task.choices, picksAt(task, roots, t)) <= task.allowed;
    };
    double fits = fitsAt(most) ? most : 0;
    double tooMuch = most;
    for (int step = 0; step < 100 && fits < tooMuch; ++step) {
        const double middle = (fits + tooMuch) / 2;
        (fitsAt(middle) ? fits : tooMuch) = middle;
    }
    return withRestSpent(task, picksAt(task, roots, fits));
}

}  // namespace rankscope::plan
