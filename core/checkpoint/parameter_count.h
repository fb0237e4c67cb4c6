// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/checkpoint/weight_matrix.h"

namespace rankscope::checkpoint {

/// Numbers that a matrix of [rows, columns] takes in each form; `rank` is ignored for Dense.
///   dense m·n, factored r(m + n), pivoted r(m + n) - r² (Zhao et al., arXiv:2501.19090).
std::int64_t storedParameters(std::int64_t rows, std::int64_t columns, std::int64_t rank,
                              Storage storage);

/// floor(m·n / (m + n)): the largest rank whose two factors are no larger than the matrix.
/// At equality (768x768, rank 384) nothing is saved and nothing lost.
std::int64_t breakEvenRank(std::int64_t rows, std::int64_t columns);

}  // namespace rankscope::checkpoint
