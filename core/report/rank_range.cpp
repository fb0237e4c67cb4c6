// SPDX-License-Identifier: Apache-2.0
#include "core/report/rank_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "core/base/error.h"

namespace rankscope::report {

RankRange parseRankRange(std::string_view text) {
    std::vector<std::int64_t> numbers;
    const char* at = text.data();
    const char* end = at + text.size();
    bool valid = true;
    while (valid) {
        std::int64_t number = 0;
        const auto [next, failure] = std::from_chars(at, end, number);
        valid = failure == std::errc();
        numbers.push_back(number);
        if (next == end || !valid) break;
        valid = *next == ':';
        at = next + 1;
    }
    RankRange range;
    if (valid && (numbers.size() == 2 || numbers.size() == 3)) {
        range = {numbers[0], numbers[1], numbers.size() == 3 ? numbers[2] : 1};
        if (range.first >= 0 && range.last >= range.first && range.step >= 1) return range;
    }
    throw usageError(
        fmt::format("--ranks {}: write A:B:STEP with whole numbers, 0 <= A <= B and STEP >= 1.",
                    printable(text)));
}

void requireRanks(const RankRange& range, std::span<const checkpoint::WeightMatrix> matrices) {
    for (const checkpoint::WeightMatrix& matrix : matrices)
        if (range.first > matrix.fullRank())
            throw usageError(fmt::format("--ranks: {} has ranks 0 to {}; the range begins at {}.",
                                         printable(matrix.name), matrix.fullRank(), range.first),
                             matrix.name);
}

std::vector<std::int64_t> ranksOf(const RankRange& range, std::int64_t fullRank) {
    std::vector<std::int64_t> ranks;
    const std::int64_t last = std::min(range.last, fullRank);
    // Compared before adding: a step near the largest whole number must not wrap.
    for (std::int64_t rank = range.first; rank <= last; rank += range.step) {
        ranks.push_back(rank);
        if (range.step > last - rank) break;
    }
    return ranks;
}

std::vector<std::int64_t> defaultRanks(std::int64_t fullRank) {
    constexpr std::int64_t steps = 64;
    auto ranks =
        ranksOf({0, fullRank, std::max<std::int64_t>(1, (fullRank + steps - 1) / steps)}, fullRank);
    if (ranks.back() != fullRank) ranks.push_back(fullRank);
    return ranks;
}

}  // namespace rankscope::report
