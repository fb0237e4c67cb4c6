// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "core/compress/allocation.h"
#include "core/compress/method.h"
#include "core/compress/plan.h"

namespace rankscope::compress {

namespace {

std::vector<std::string_view> methodNames() {
    std::vector<std::string_view> names;
    for (const Method& method : methods()) names.push_back(method.name);
    return names;
}

std::vector<std::string_view> allocationNames() {
    std::vector<std::string_view> names;
    for (const Allocator& allocator : allocators()) names.push_back(allocator.name);
    for (const MeasuredAllocation& one : measuredAllocations()) names.push_back(one.name);
    return names;
}

}  // namespace

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
         "How a matrix is approximated; randomized is a preview of svd.",
         "svd",
         {},
         {},
         "",
         methodNames()},
        {"alpha", "Exponent", "Exponent of the method diagonal.", "0.5", 0, 4, "", {}},
        {"ridge",
         "Ridge",
         "Ridge of anchored, compensated, fisher2 and --refit, in means of the moments' diagonal "
         "(default: that of 0.001, 0.01, 0.1 and 1 which loses least on held-out dialogues).",
         "",
         0,
         1e6,
         "",
         {}},
        {"rarity",
         "Rarity",
         "Tokens count for occurrences to the power of minus this, in compensated.",
         "0.5",
         0,
         2,
         "",
         {}},
        {"storage",
         "Storage",
         "How an approximation is written; auto takes the smallest form that is exact and keeps a "
         "matrix as it is where nothing is saved.",
         "auto",
         {},
         {},
         "",
         {"auto", "factored", "pivoted", "dense"}},
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
         "What water-filling adds up: squared errors relative to each matrix, as they are, or "
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
         "No rank above this; a matrix whose full rank is larger is never kept as it is.",
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

}  // namespace rankscope::compress
