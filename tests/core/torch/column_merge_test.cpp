// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/column_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rankscope::torch_backend {
namespace {

using testing::ElementsAre;

class Merge : public testing::TestWithParam<ProductPath> {
 protected:
    void SetUp() override {
        if (GetParam() > PackedWeight::bestPath())
            GTEST_SKIP() << "this processor has no " << nameOf(GetParam());
    }
};

TEST_P(Merge, PutsColumnsWhereTheyBelong) {
    const std::vector<float> first = {1, 2};
    const std::vector<float> second = {10, 20, 30};
    std::vector<float> merged(5);
    ColumnMerge({1, 4}, 5, GetParam()).apply(first.data(), second.data(), merged.data());
    EXPECT_THAT(merged, ElementsAre(10, 1, 20, 30, 2));
}

// Every column's value is its own number, so the result must be 0, 1, 2, …; memory beyond either
// end is neither read into it nor written.
TEST_P(Merge, OfAnyWidth) {
    std::mt19937 random(1);
    for (const std::int64_t width : {1, 2, 15, 16, 17, 31, 32, 33, 100, 768}) {
        for (const int share : {0, 10, 50, 90, 100}) {
            std::vector<std::int64_t> places;
            std::vector<float> first, second;
            for (std::int64_t i = 0; i < width; ++i) {
                const bool kept = static_cast<int>(random() % 100) < share;
                if (kept) places.push_back(i);
                (kept ? first : second).push_back(static_cast<float>(i));
            }
            first.push_back(-1);
            second.push_back(-2);
            std::vector<float> merged(static_cast<std::size_t>(width) + 1, -3);
            ColumnMerge(places, width, GetParam())
                .apply(first.data(), second.data(), merged.data());
            for (std::int64_t i = 0; i < width; ++i)
                ASSERT_EQ(merged[static_cast<std::size_t>(i)], static_cast<float>(i)) << width;
            ASSERT_EQ(merged.back(), -3);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, Merge, testing::Values(ProductPath::Portable, ProductPath::Avx512));

}  // namespace
}  // namespace rankscope::torch_backend
