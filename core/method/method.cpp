// SPDX-License-Identifier: Apache-2.0
#include "core/method/method.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/error.h"
#include "core/base/nearest_words.h"

namespace rankscope::method {

std::span<const Method> methods() {
    static constexpr std::array<Method, 9> table{{
        {.name = "svd",
         .help = "truncated singular value decomposition; uses only the weights",
         .factorize = &truncatedSvd},
        {.name = "whitened",
         .help = "best on the calibration inputs",
         .needs = MethodNeeds::Inputs,
         .factorize = &whitened},
        {.name = "diagonal",
         .help = "input channels weighted by their mean size (ASVD)",
         .needs = MethodNeeds::Inputs,
         .factorize = &diagonal,
         .hasExponent = true},
        {.name = "fisher",
         .help = "input channels weighted by squared gradients (FWSVD)",
         .needs = MethodNeeds::Gradients,
         .factorize = &fisher},
        {.name = "fisher2",
         .help = "inputs and output gradients weighted by their second moments",
         .needs = MethodNeeds::Gradients,
         .factorize = &twoSided,
         .looksAtOutputs = true,
         .hasRidge = true},
        {.name = "anchored",
         .help = "original outputs from the inputs of the model compressed so far",
         .needs = MethodNeeds::Walk,
         .factorizeWalked = &anchored,
         .hasRidge = true},
        {.name = "compensated",
         .help = "as anchored, but making up for the residual stream's error; rare tokens "
                 "count more",
         .needs = MethodNeeds::Walk,
         .factorizeWalked = &compensated,
         .hasRidge = true,
         .rareTokensCountMore = true},
        {.name = "randomized",
         .help = "a preview of svd by random projections; its excess error is measured",
         .factorize = &randomized,
         .preview = true},
        {.name = "slim",
         .help = "fewer dimensions of each head and fewer feed-forward units: a smaller T5",
         .needs = MethodNeeds::Walk,
         .hasRidge = true,
         .rareTokensCountMore = true,
         .cutsHeads = true},
    }};
    return table;
}

const Method& methodNamed(std::string_view name) {
    std::vector<std::string_view> known;
    for (const Method& method : methods()) {
        if (method.name == name) return method;
        known.push_back(method.name);
    }
    const std::string hint = didYouMean(name, known);
    throw usageError(fmt::format("There is no method \"{}\"; choose one of: {}{}", printable(name),
                                 fmt::join(known, ", "), hint.empty() ? "." : hint));
}

backend::Factors firstComponents(const backend::Factors& factors, std::int64_t rank) {
    const std::int64_t have = factors.left.columns;
    if (rank == have) return factors;
    backend::Factors first;
    first.left = {{}, factors.left.rows, rank};
    for (std::int64_t row = 0; row < factors.left.rows; ++row) {
        const auto begin = factors.left.values.begin() + row * have;
        first.left.values.insert(first.left.values.end(), begin, begin + rank);
    }
    const auto rows = factors.right.values.begin();
    first.right = {{rows, rows + rank * factors.right.columns}, rank, factors.right.columns};
    return first;
}

}  // namespace rankscope::method
