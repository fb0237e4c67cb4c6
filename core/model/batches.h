// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankscope::model {

/// Groups of positions in `lengths`, longest first, so that (longest of a group) × (its size) stays
/// within `tokenBudget` (one position at least); a position counts `atLeast` tokens, which bounds
/// the rows of a group. The same lengths give the same groups on every machine.
std::vector<std::vector<std::size_t>> batchesByLength(std::span<const std::int64_t> lengths,
                                                      std::int64_t tokenBudget,
                                                      std::int64_t atLeast = 1);

}  // namespace rankscope::model
