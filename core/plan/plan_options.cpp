// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/error.h"

#include "core/method/method.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

namespace {

std::vector<std::string_view> methodNames() {
    std::vector<std::string_view> names;
    for (const method::Method& method : method::methods()) names.push_back(method.name);
    return names;
}

std::vector<std::string_view> allocationNames() {
    std::vector<std::string_view> names;
    for (const Allocator& allocator : allocators()) names.push_back(allocator.name);
    for (const MeasuredAllocation& one : measuredAllocations()) names.push_back(one.name);
    return names;
}

constexpr std::array<std::pair<StorageChoice, std::string_view>, 6> storages{{
    {StorageChoice::Auto, "auto"},
    {StorageChoice::Factored, "factored"},
    {StorageChoice::Pivoted, "pivoted"},
    {StorageChoice::Dense, "dense"},
    {StorageChoice::Plain, "plain"},
    {StorageChoice::Sizes, "sizes"},
}};

std::vector<std::string_view> storageNames() {
    std::vector<std::string_view> names;
    for (const auto& [unused, name] : storages) names.push_back(name);
    return names;
}

void requireChoice(std::string_view name, const std::string& value) {
    const Option& option = *std::ranges::find(planOptionTable(), name, &Option::name);
    if (std::ranges::find(option.choices, value) == option.choices.end())
        throw usageError(fmt::format("--{}: '{}' is not one of {}.", name, printable(value),
                                     fmt::join(option.choices, ", ")));
}

void checkRankBounds(const PlanOptions& options) {
    const auto& [multiple, least, most] =
        std::tie(options.multipleOf, options.minRank, options.maxRank);
    if (multiple < 1 || least < 1 || most < 1)
        throw usageError("--multiple-of, --min-rank and --max-rank must be 1 or more.");
    if (most / multiple * multiple < least)
        throw usageError(fmt::format(
            "No rank is both at least --min-rank {} and at most --max-rank {}{}; give "
            "a larger --max-rank.",
            least, most, multiple > 1 ? fmt::format(" and a multiple of {}", multiple) : ""));
    if (options.target.kind == RankTarget::Kind::Rank &&
        options.target.value > static_cast<double>(most))
        throw usageError(
            fmt::format("A rank of {} is above --max-rank {}; give a smaller rank or a larger "
                        "--max-rank.",
                        options.target.value, most));
}

}  // namespace

std::string_view storageChoiceName(StorageChoice choice) {
    return std::ranges::find(storages, choice, &std::pair<StorageChoice, std::string_view>::first)
        ->second;
}

std::optional<StorageChoice> storageChoiceNamed(std::string_view name) {
    for (const auto& [choice, text] : storages)
        if (text == name) return choice;
    return std::nullopt;
}

std::span<const Option> planOptionTable() {
    static const std::vector<Option> table{
        {"rank", "Rank", "The same rank for every chosen matrix.", "", 1, {}, "", {}},
        {"ratio",
         "Kept share",
         "Share of each matrix's parameters that is really stored.",
         "",
         0,
         1,
         "",
         {}},
        {"energy",
         "Energy",
         "Smallest rank that keeps this share of the squared singular values.",
         "",
         0,
         1,
         "",
         {}},
        {"error",
         "Relative error",
         "Smallest rank whose relative Frobenius error is at most this.",
         "",
         0,
         1,
         "",
         {}},
        {"budget",
         "Budget",
         "Share of the whole model's parameters that is really stored.",
         "",
         0,
         1,
         "",
         {}},
        {"method",
         "Method",
         "How a matrix is approximated; randomized is a preview of svd (default: slim with a "
         "calibration, unless options of ranks or factors are given; svd without one).",
         "",
         {},
         {},
         "",
         methodNames()},
        {"alpha", "Exponent", "Exponent of the method diagonal.", "0.5", 0, 4, "", {}},
        {"ridge",
         "Ridge",
         "Ridge of anchored, compensated, slim, fisher2 and --refit, in means of the moments' "
         "diagonal "
         "(default: the one of 0.001, 0.01, 0.1 and 1 with the least loss on held-out dialogues).",
         "",
         0,
         1e6,
         "",
         {}},
        {"rarity",
         "Rarity",
         "Weight of tokens in compensated and slim: occurrences to the power of minus this.",
         "0.5",
         0,
         2,
         "",
         {}},
        {"refine",
         "Refine",
         "After any method, train each block's compressed matrices and norms until its output on "
         "the calibration's dialogues is nearest to the original's; its held-out dialogues choose "
         "the pass.",
         "",
         {},
         {},
         "",
         {}},
        {"refine-passes",
         "Passes",
         "Passes of --refine through the dialogues, for each block.",
         "25",
         0,
         method::mostRefinePasses,
         "",
         {}},
        {"storage",
         "Storage",
         "How an approximation is written; auto takes the smallest form that is exact and keeps a "
         "matrix unchanged if nothing is saved. Of slim: plain (auto), a T5 with one smaller d_kv "
         "and d_ff, or sizes, its own for every layer and head.",
         "auto",
         {},
         {},
         "",
         storageNames()},
        {"allocation",
         "Allocation",
         "How the budget is distributed over the chosen matrices; auto: with a calibration the way "
         "that loses least on held-out dialogues, without one uniform.",
         "auto",
         {},
         {},
         "",
         allocationNames()},
        {"allocation-error",
         "Errors compared",
         "Errors that water-filling adds up: squared errors relative to each matrix, as they are, "
         "or "
         "relative and weighted by the loss that each matrix alone costs.",
         "relative",
         {},
         {},
         "",
         {"relative", "raw", lossErrorName}},
        {"multiple-of",
         "Multiple of",
         "Ranks are rounded to a multiple: down, or up for energy and error.",
         "1",
         1,
         {},
         "",
         {}},
        {"min-rank", "Smallest rank", "No rank below this.", "1", 1, {}, "", {}},
        {"max-rank",
         "Largest rank",
         "No rank above this; a matrix whose full rank is larger is never left unchanged.",
         "",
         1,
         {},
         "",
         {}},
        {"groups",
         "One rank for",
         "Which matrices share one rank; type: all of one stack, attention or feed-forward, role "
         "and shape.",
         "none",
         {},
         {},
         "",
         {"none", "type"}},
    };
    return table;
}

void checkOptions(const PlanOptions& options) {
    method::methodNamed(options.method);
    allocatorNamed(options.allocation);
    requireChoice("allocation-error", options.allocationError);
    requireChoice("groups", options.groups);
    checkRankBounds(options);
}

}  // namespace rankscope::plan
