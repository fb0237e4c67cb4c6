// SPDX-License-Identifier: Apache-2.0
#include "core/plan/knapsack_bound.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace rankscope::plan {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The steps of the lower hull from (0, 0) through items of rising distance from the base.
std::vector<ExcessStep> hullSteps(const std::vector<DeviationItem>& items, std::int64_t sign) {
    std::vector<ExcessStep> steps;
    std::vector<std::pair<std::int64_t, double>> hull = {{0, 0.0}};
    const auto add = [&](const DeviationItem& item) {
        const std::int64_t cost = sign * item.cost;
        if (cost <= 0) return;
        const auto rateFrom = [&](const std::pair<std::int64_t, double>& point) {
            return (item.excess - point.second) / static_cast<double>(cost - point.first);
        };
        while (!steps.empty() && rateFrom(hull[hull.size() - 2]) <= steps.back().rate) {
            steps.pop_back();
            hull.pop_back();
        }
        steps.push_back({cost - hull.back().first, rateFrom(hull.back())});
        hull.emplace_back(cost, item.excess);
    };
    if (sign > 0)
        std::ranges::for_each(items, add);
    else
        std::for_each(items.rbegin(), items.rend(), add);
    return steps;
}

void mergeInto(std::vector<ExcessStep>& all, const std::vector<ExcessStep>& more) {
    std::vector<ExcessStep> merged;
    merged.reserve(all.size() + more.size());
    std::ranges::merge(all, more, std::back_inserter(merged), {}, &ExcessStep::rate,
                       &ExcessStep::rate);
    all = std::move(merged);
}

}  // namespace

RestBound::RestBound(const std::vector<ExcessStep>& up, const std::vector<ExcessStep>& down,
                     double multiplier, double margin)
    : m_up(sideOf(up, multiplier, margin)), m_down(sideOf(down, infinity, margin)) {}

RestBound::Side RestBound::sideOf(const std::vector<ExcessStep>& steps, double lastRate,
                                  double margin) {
    Side side{{0}, {0.0}, lastRate};
    for (const ExcessStep& step : steps) {
        if (side.excess.back() > margin) {
            side.lastRate = infinity;
            break;
        }
        side.cost.push_back(side.cost.back() + step.cost);
        side.excess.push_back(side.excess.back() + step.rate * static_cast<double>(step.cost));
    }
    return side;
}

double RestBound::at(std::int64_t amount) const {
    return amount >= 0 ? at(m_up, amount) : at(m_down, -amount);
}

double RestBound::at(const Side& side, std::int64_t amount) {
    const auto above = std::ranges::upper_bound(side.cost, amount);
    const auto i = static_cast<std::size_t>(above - side.cost.begin()) - 1;
    const auto over = static_cast<double>(amount - side.cost[i]);
    if (over == 0) return side.excess[i];
    if (above == side.cost.end()) return side.excess[i] + over * side.lastRate;
    return side.excess[i] + over * (side.excess[i + 1] - side.excess[i]) /
                                static_cast<double>(side.cost[i + 1] - side.cost[i]);
}

std::vector<RestBound> boundsOfRest(const std::vector<std::vector<DeviationItem>>& classes,
                                    double multiplier, double margin) {
    std::vector<ExcessStep> up;
    std::vector<ExcessStep> down;
    std::vector<RestBound> bounds(classes.size() + 1);
    bounds.back() = RestBound(up, down, multiplier, margin);
    for (std::size_t i = classes.size(); i-- > 0;) {
        mergeInto(up, hullSteps(classes[i], 1));
        mergeInto(down, hullSteps(classes[i], -1));
        bounds[i] = RestBound(up, down, multiplier, margin);
    }
    return bounds;
}

}  // namespace rankscope::plan
