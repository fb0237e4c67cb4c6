// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/backend/backend.h"

namespace rankscope::compress {

/// A way to approximate a matrix by one of lower rank; docs/methods.md has each formula.
struct Method {
    std::string_view name;  ///< as in --method
    std::string_view help;
    /// W [m, n] -> left [m, rank], right [rank, n], float64.
    backend::Factors (*factorize)(const MatrixView& weight, std::int64_t rank,
                                  const backend::Device& device, const backend::Backend& backend);
};

/// All methods, the default first.
std::span<const Method> methods();

/// The method of that name; throws Error of kind Usage naming those there are.
const Method& methodNamed(std::string_view name);

/// Eckart-Young: the best approximation in the Frobenius and the spectral norm.
backend::Factors truncatedSvd(const MatrixView& weight, std::int64_t rank,
                              const backend::Device& device, const backend::Backend& backend);

}  // namespace rankscope::compress
