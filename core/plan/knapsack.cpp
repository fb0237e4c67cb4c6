// SPDX-License-Identifier: Apache-2.0
#include "core/plan/knapsack.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/plan/knapsack_search.h"

namespace rankscope::plan {

namespace {

using Items = std::vector<KnapsackItem>;
using Indices = std::vector<std::size_t>;

/// Indices of the items that no cheaper or equally cheap one beats, by rising cost; their losses
/// fall strictly.
Indices undominated(const Items& items) {
    Indices order(items.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
        return items[a].cost != items[b].cost ? items[a].cost < items[b].cost
                                              : items[a].loss < items[b].loss;
    });
    Indices kept;
    for (const std::size_t i : order)
        if (kept.empty() || items[i].loss < items[kept.back()].loss) kept.push_back(i);
    return kept;
}

/// Loss saved per unit of cost between two items.
double slope(const KnapsackItem& from, const KnapsackItem& to) {
    return (from.loss - to.loss) / static_cast<double>(to.cost - from.cost);
}

/// Those of `kept` on the lower convex hull of loss over cost.
Indices hullOf(const Items& items, const Indices& kept) {
    Indices hull;
    for (const std::size_t next : kept) {
        while (hull.size() >= 2 && slope(items[hull[hull.size() - 2]], items[hull.back()]) <=
                                       slope(items[hull.back()], items[next]))
            hull.pop_back();
        hull.push_back(next);
    }
    return hull;
}

/// From one hull item of a class to the next.
struct Step {
    std::size_t classIndex;
    std::size_t to;
    double slope;
    std::int64_t cost;
};

std::vector<Step> stepsBySlope(std::span<const Items> classes,
                               const std::vector<Indices>& undominatedItems) {
    std::vector<Step> steps;
    for (std::size_t c = 0; c < classes.size(); ++c) {
        const Items& items = classes[c];
        const Indices hull = hullOf(items, undominatedItems[c]);
        for (std::size_t i = 1; i < hull.size(); ++i)
            steps.push_back({c, hull[i], slope(items[hull[i - 1]], items[hull[i]]),
                             items[hull[i]].cost - items[hull[i - 1]].cost});
    }
    // Stable, so that a class's steps stay in order if slopes tie by rounding.
    std::ranges::stable_sort(steps, std::ranges::greater(), &Step::slope);
    return steps;
}

/// Greatest number that divides every difference of costs within a class: unspent cost below it
/// can never be used.
std::int64_t costGrid(std::span<const Items> classes) {
    std::int64_t grid = 0;
    for (const Items& items : classes)
        for (const KnapsackItem& item : items) grid = std::gcd(grid, item.cost - items[0].cost);
    return std::max<std::int64_t>(grid, 1);
}

void total(std::span<const Items> classes, KnapsackSolution& solution) {
    solution.cost = 0;
    solution.loss = 0;
    for (std::size_t c = 0; c < classes.size(); ++c) {
        solution.cost += classes[c][solution.picks[c]].cost;
        solution.loss += classes[c][solution.picks[c]].loss;
    }
}

/// The point where the walk along the hulls runs out of budget.
struct Relaxation {
    Indices base;             ///< items just before that step
    std::int64_t rest = 0;    ///< budget left there
    double multiplier = 0;    ///< the step's slope; 0 if the budget was never short
    KnapsackSolution greedy;  ///< base and all later steps that still fit
};

Relaxation relax(std::span<const Items> classes, const std::vector<Indices>& undominatedItems,
                 std::int64_t budget) {
    Relaxation result;
    std::int64_t least = 0;
    for (std::size_t c = 0; c < classes.size(); ++c) {
        result.base.push_back(undominatedItems[c].front());
        least += classes[c][result.base.back()].cost;
    }
    if (least > budget)
        throw Error("The knapsack's cheapest items together cost more than the budget.");
    const std::int64_t grid = costGrid(classes);
    std::int64_t rest = (budget - least) / grid * grid;
    Indices picks = result.base;
    std::vector<bool> closed(classes.size(), false);
    for (const Step& step : stepsBySlope(classes, undominatedItems)) {
        if (closed[step.classIndex]) continue;
        if (step.cost > rest) {
            if (result.multiplier == 0) {
                result.base = picks;
                result.rest = rest;
                result.multiplier = step.slope;
            }
            closed[step.classIndex] = true;
            continue;
        }
        picks[step.classIndex] = step.to;
        rest -= step.cost;
    }
    if (result.multiplier == 0) result.base = picks;
    result.greedy.picks = picks;
    total(classes, result.greedy);
    return result;
}

/// The undominated items of a class as seen from the relaxation, cheapest first.
std::vector<DeviationItem> deviations(const Items& items, const Indices& kept, std::size_t base,
                                      double multiplier) {
    std::vector<DeviationItem> result;
    for (const std::size_t i : kept) {
        const std::int64_t cost = items[i].cost - items[base].cost;
        const double excess =
            items[i].loss - items[base].loss + multiplier * static_cast<double>(cost);
        result.push_back({i, cost, std::max(0.0, i == base ? 0.0 : excess)});
    }
    return result;
}

/// Searches within wider and wider margins above `best.bound`, the relaxation's, until the optimum
/// is known or a search had to be cut short. A search that was cut short but found a selection is
/// repeated within just its value, which is far fewer states.
void narrow(std::span<const Items> classes, const DeviationProblem& problem,
            KnapsackSolution& best) {
    constexpr double growth = 1.25;
    const double relaxedLoss = best.bound;
    double enough = std::max(0.0, best.loss - relaxedLoss);
    bool retried = false;
    for (double margin = std::max(problem.multiplier, enough * 1e-12);;) {
        const DeviationSolution found = searchDeviations(problem, std::min(margin, enough));
        if (!found.picks.empty()) {
            KnapsackSolution candidate{found.picks};
            total(classes, candidate);
            candidate.bound = best.bound;
            if (candidate.loss < best.loss) best = candidate;
            enough = std::min(enough, found.excess);
        }
        best.exact = found.complete;
        if (found.complete) {
            if (std::isfinite(found.excess) || margin >= enough) break;
            best.bound = relaxedLoss + margin;
            margin *= growth;
        } else {
            if (retried || !(enough < margin)) return;
            retried = true;
            margin = enough;
        }
    }
    best.bound = best.loss;
}

}  // namespace

KnapsackSolution solveKnapsack(std::span<const Items> classes, std::int64_t budget,
                               std::size_t stateLimit) {
    std::vector<Indices> undominatedItems;
    for (const Items& items : classes) undominatedItems.push_back(undominated(items));
    const Relaxation relaxed = relax(classes, undominatedItems, budget);
    KnapsackSolution best = relaxed.greedy;
    best.bound = best.loss;
    if (relaxed.multiplier == 0 || relaxed.rest == 0) return best;

    DeviationProblem problem{relaxed.rest, relaxed.multiplier, {}, stateLimit};
    KnapsackSolution base{relaxed.base};
    total(classes, base);
    for (std::size_t c = 0; c < classes.size(); ++c)
        problem.classes.push_back(
            deviations(classes[c], undominatedItems[c], relaxed.base[c], relaxed.multiplier));
    const double restValue = relaxed.multiplier * static_cast<double>(relaxed.rest);
    best.bound = base.loss - restValue;
    narrow(classes, problem, best);
    return best;
}

}  // namespace rankscope::plan
