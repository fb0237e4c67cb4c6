// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/parameter_count.h"

#include <gtest/gtest.h>

namespace rankscope::checkpoint {
namespace {

TEST(ParameterCount, OfEachStorage) {
    EXPECT_EQ(storedParameters(768, 2048, 382, Storage::Dense), 1'572'864);
    EXPECT_EQ(storedParameters(768, 768, 382, Storage::Factored), 586'752);  // 382 · 1536
    EXPECT_EQ(storedParameters(768, 768, 382, Storage::Pivoted), 440'828);   // 382 · 1154
    EXPECT_EQ(storedParameters(5, 3, 3, Storage::Pivoted), 15);  // full rank costs the matrix
}

TEST(ParameterCount, BreakEvenRanksOfTheIssue) {
    EXPECT_EQ(breakEvenRank(768, 768), 384);
    EXPECT_EQ(breakEvenRank(1024, 1024), 512);
    EXPECT_EQ(breakEvenRank(768, 2048), 558);
    EXPECT_EQ(breakEvenRank(2048, 768), 558);
    EXPECT_EQ(breakEvenRank(1, 1), 0);
}

TEST(ParameterCount, BreakEvenIsTheLastRankThatCostsNoMore) {
    for (std::int64_t rows = 1; rows < 40; ++rows)
        for (std::int64_t columns = 1; columns < 40; ++columns) {
            const std::int64_t rank = breakEvenRank(rows, columns);
            EXPECT_LE(storedParameters(rows, columns, rank, Storage::Factored), rows * columns);
            EXPECT_GT(storedParameters(rows, columns, rank + 1, Storage::Factored), rows * columns);
        }
}

TEST(ParameterCount, FactoredSavingOfFlanT5Base) {
    // The issue: rank 382 on q, k, v, o of all 36 attention modules stores 247,135,488 in place of
    // 247,577,856 numbers.
    const std::int64_t saved = 144 * (storedParameters(768, 768, 0, Storage::Dense) -
                                      storedParameters(768, 768, 382, Storage::Factored));
    EXPECT_EQ(247'577'856 - saved, 247'135'488);
}

}  // namespace
}  // namespace rankscope::checkpoint
