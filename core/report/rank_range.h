// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/checkpoint/weight_matrix.h"

namespace rankscope::report {

/// first, first + step, … up to last.
struct RankRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t step = 1;
};

/// Parses "A:B:STEP" or "A:B". Throws a usage Error unless 0 <= A <= B and STEP >= 1.
RankRange parseRankRange(std::string_view text);

/// Throws a usage Error with the permitted range if a matrix has no rank in `range`.
void requireRanks(const RankRange& range, std::span<const checkpoint::WeightMatrix> matrices);

/// The range's ranks that are no more than `fullRank`.
std::vector<std::int64_t> ranksOf(const RankRange& range, std::int64_t fullRank);

/// 0 to `fullRank` in at most 64 equal steps; both ends are included.
std::vector<std::int64_t> defaultRanks(std::int64_t fullRank);

}  // namespace rankscope::report
