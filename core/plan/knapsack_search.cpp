// SPDX-License-Identifier: Apache-2.0
#include "core/plan/knapsack_search.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/plan/knapsack_bound.h"

namespace rankscope::plan {

namespace {

/// A partial selection: one item of every class so far.
struct State {
    std::int64_t cost;
    double excess;
    std::uint32_t parent;  ///< index in the layer before
    std::uint32_t choice;  ///< index in the class's list
};

/// Leads back to the selection once the states themselves are gone.
struct Trace {
    std::uint32_t parent;
    std::uint32_t choice;
};

class Search {
 public:
    Search(const DeviationProblem& problem, double margin) : m_problem(problem), m_margin(margin) {
        keepWithinMargin();
        m_bounds = boundsOfRest(m_active, problem.multiplier, margin);
    }

    DeviationSolution run() {
        m_states = {{0, 0, 0, 0}};
        for (std::size_t i = 0; i < m_active.size() && !m_states.empty(); ++i) advance(i);
        return best();
    }

 private:
    /// Classes with a single item left are settled. Those whose nearest other item is far away in
    /// cost come first: the bound on what the finer classes after them can still gain is then
    /// tight.
    void keepWithinMargin() {
        struct Kept {
            std::size_t index;
            std::int64_t nearest;
            std::vector<DeviationItem> items;
        };
        std::vector<Kept> active;
        m_settled.resize(m_problem.classes.size());
        for (std::size_t c = 0; c < m_problem.classes.size(); ++c) {
            Kept kept{c, 0, {}};
            double second = std::numeric_limits<double>::infinity();
            for (const DeviationItem& item : m_problem.classes[c]) {
                if (item.excess > m_margin) continue;
                kept.items.push_back(item);
                if (item.cost == 0) {
                    m_settled[c] = item.item;
                } else if (item.excess < second) {
                    second = item.excess;
                    kept.nearest = std::abs(item.cost);
                }
            }
            if (kept.items.size() > 1) active.push_back(std::move(kept));
        }
        std::ranges::stable_sort(active, std::ranges::greater(), &Kept::nearest);
        for (Kept& kept : active) {
            m_index.push_back(kept.index);
            m_active.push_back(std::move(kept.items));
        }
    }

    /// A bound of the value of any selection that goes on from here.
    double leastValue(std::int64_t cost, double excess, std::size_t layer) const {
        return excess + m_bounds[layer].at(m_problem.rest - cost);
    }

    void advance(std::size_t layer) {
        const std::vector<DeviationItem>& items = m_active[layer];
        std::vector<State> next;
        std::vector<std::size_t> ends = {0};
        for (std::size_t choice = 0; choice < items.size(); ++choice) {
            const DeviationItem& item = items[choice];
            for (std::size_t s = 0; s < m_states.size(); ++s) {
                const State made{m_states[s].cost + item.cost, m_states[s].excess + item.excess,
                                 static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(choice)};
                if (leastValue(made.cost, made.excess, layer + 1) <= m_margin) next.push_back(made);
            }
            ends.push_back(next.size());
        }
        mergeRuns(next, ends);
        m_states = undominated(next);
        limitStates(layer + 1);
        std::vector<Trace> traces;
        traces.reserve(m_states.size());
        for (const State& state : m_states) traces.push_back({state.parent, state.choice});
        m_traces.push_back(std::move(traces));
    }

    /// Merges runs, each sorted by cost, into one sorted list.
    static void mergeRuns(std::vector<State>& states, std::vector<std::size_t> ends) {
        const auto at = [&](std::size_t i) {
            return states.begin() + static_cast<std::ptrdiff_t>(ends[i]);
        };
        while (ends.size() > 2) {
            std::vector<std::size_t> merged = {0};
            for (std::size_t i = 0; i + 1 < ends.size(); i += 2) {
                const std::size_t last = std::min(i + 2, ends.size() - 1);
                std::inplace_merge(at(i), at(i + 1), at(last),
                                   [](const State& a, const State& b) { return a.cost < b.cost; });
                merged.push_back(ends[last]);
            }
            ends = std::move(merged);
        }
    }

    /// Drops states that another beats in cost and in loss (= excess - multiplier · cost).
    std::vector<State> undominated(const std::vector<State>& sorted) const {
        std::vector<State> kept;
        double least = std::numeric_limits<double>::infinity();
        for (const State& state : sorted) {
            const double loss =
                state.excess - m_problem.multiplier * static_cast<double>(state.cost);
            if (loss >= least) continue;
            least = loss;
            if (!kept.empty() && kept.back().cost == state.cost) kept.pop_back();
            kept.push_back(state);
        }
        return kept;
    }

    /// Keeps only the most promising states if there are too many, for memory or for the number of
    /// items of the next class; the search is then incomplete.
    void limitStates(std::size_t layer) {
        std::size_t limit = m_problem.stateLimit;
        if (layer < m_active.size())
            limit = std::min(limit, limit * 8 / m_active[layer].size() + 1);
        if (m_states.size() <= limit) return;
        m_complete = false;
        const auto promise = [&](const State& a, const State& b) {
            return leastValue(a.cost, a.excess, layer) < leastValue(b.cost, b.excess, layer);
        };
        std::ranges::nth_element(m_states, m_states.begin() + static_cast<std::ptrdiff_t>(limit),
                                 promise);
        m_states.resize(limit);
        std::ranges::sort(m_states, {}, &State::cost);
    }

    DeviationSolution best() const {
        DeviationSolution solution;
        solution.complete = m_complete;
        const State* found = nullptr;
        for (const State& state : m_states) {
            const double value = leastValue(state.cost, state.excess, m_active.size());
            if (value >= solution.excess) continue;
            solution.excess = value;
            found = &state;
        }
        if (found == nullptr) return solution;
        solution.picks = m_settled;
        Trace trace{found->parent, found->choice};
        for (std::size_t layer = m_active.size(); layer-- > 0;) {
            solution.picks[m_index[layer]] = m_active[layer][trace.choice].item;
            if (layer > 0) trace = m_traces[layer - 1][trace.parent];
        }
        return solution;
    }

    const DeviationProblem& m_problem;
    double m_margin;
    std::vector<std::size_t> m_settled;                // the relaxation's items
    std::vector<std::size_t> m_index;                  // of the active classes
    std::vector<std::vector<DeviationItem>> m_active;  // more than one item within the margin
    std::vector<RestBound> m_bounds;                   // of the classes from here on
    std::vector<State> m_states;
    std::vector<std::vector<Trace>> m_traces;
    bool m_complete = true;
};

}  // namespace

DeviationSolution searchDeviations(const DeviationProblem& problem, double margin) {
    return Search(problem, margin).run();
}

}  // namespace rankscope::plan
