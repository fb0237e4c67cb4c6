// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/packed_product.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/base/error.h"

namespace rankscope::torch_backend {
namespace {

using std::int64_t;

std::vector<float> randomValues(int64_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = uniform(random);
    return values;
}

/// A sum of n products of float32 numbers, added in any order, is wrong by at most about
/// n · 2^-24 · Σ|x w|; blocks of 192 and random signs keep it far below a tenth of that.
void expectProduct(const PackedWeight& packed, std::span<const float> weight, int64_t rows,
                   int64_t xGap, int64_t yGap) {
    const int64_t in = packed.in();
    const int64_t out = packed.out();
    const int64_t xStride = in + xGap;
    const int64_t yStride = out + yGap;
    const auto x = randomValues(rows * xStride, 11);
    std::vector<float> y(static_cast<std::size_t>(rows * yStride), -77.0F);
    packed.multiply(x.data(), rows, xStride, y.data(), yStride);
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < yStride; ++column) {
            const float value = y[static_cast<std::size_t>(row * yStride + column)];
            if (column >= out) {
                ASSERT_EQ(value, -77.0F) << "written behind row " << row;
                continue;
            }
            double exact = 0;
            double sizes = 0;
            for (int64_t k = 0; k < in; ++k) {
                const double product = static_cast<double>(x[row * xStride + k]) *
                                       static_cast<double>(weight[column * in + k]);
                exact += product;
                sizes += std::abs(product);
            }
            ASSERT_NEAR(value, exact, 1e-6 * sizes + 1e-30)
                << "row " << row << ", output " << column;
        }
    }
}

class PackedProduct : public testing::TestWithParam<ProductPath> {
 protected:
    void SetUp() override {
        if (GetParam() > PackedWeight::bestPath())
            GTEST_SKIP() << "this processor has no " << nameOf(GetParam());
    }
};

TEST_P(PackedProduct, EqualsTheSumInDoublePrecision) {
    for (const int64_t in : {1, 7, 24, 768}) {
        for (const int64_t out : {1, 47, 48, 49, 160}) {
            const auto weight = randomValues(in * out, 3);
            const PackedWeight packed(weight, out, in, GetParam());
            for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 31, 32, 33, 100}) {
                SCOPED_TRACE(testing::Message() << rows << " x " << in << " -> " << out);
                ASSERT_NO_FATAL_FAILURE(expectProduct(packed, weight, rows, 0, 0));
            }
        }
    }
}

TEST_P(PackedProduct, KeepsToItsRowsWhereTheyLieApart) {
    const auto weight = randomValues(1100 * 53, 5);
    const PackedWeight packed(weight, 53, 1100, GetParam());
    for (const int64_t rows : {1, 3, 20})
        ASSERT_NO_FATAL_FAILURE(expectProduct(packed, weight, rows, 5, 3));
}

// More rows than pass a panel at once.
TEST_P(PackedProduct, TakesMoreRowsThanItCopiesAtOnce) {
    const int64_t in = 1031;
    const auto weight = randomValues(in * 17, 6);
    ASSERT_NO_FATAL_FAILURE(
        expectProduct(PackedWeight(weight, 17, in, GetParam()), weight, 2050, 0, 0));
}

TEST_P(PackedProduct, GivesARowTheSameBitsInEveryBatch) {
    const int64_t in = 1300;
    const int64_t out = 111;
    const int64_t most = 2000;
    const PackedWeight packed(randomValues(in * out, 7), out, in, GetParam());
    const auto x = randomValues(most * in, 8);
    std::vector<float> all(static_cast<std::size_t>(most * out));
    packed.multiply(x.data(), most, in, all.data(), out);
    for (const int64_t rows : {1, 2, 5, 6, 7, 8, 9, 13, 32, 100, 801}) {
        std::vector<float> some(static_cast<std::size_t>(rows * out));
        packed.multiply(x.data(), rows, in, some.data(), out);
        ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << rows << " rows";
    }
}

// The layout follows the number of threads when the weight is made, the division when it is used.
TEST_P(PackedProduct, GivesTheSameBitsWithAnyNumberOfThreads) {
    const int64_t in = 600;
    const auto x = randomValues(70 * in, 12);
    const int threads = omp_get_max_threads();
    for (const int64_t out : {40, 130, 500}) {
        const auto weight = randomValues(in * out, 13);
        std::vector<float> expected;
        for (const int number : {1, 2, 3, 8}) {
            omp_set_num_threads(number);
            std::vector<float> y(static_cast<std::size_t>(70 * out));
            PackedWeight(weight, out, in, GetParam()).multiply(x.data(), 70, in, y.data(), out);
            expected = expected.empty() ? y : expected;
            EXPECT_EQ(y, expected) << out << " outputs, " << number << " threads";
        }
        omp_set_num_threads(threads);
    }
}

TEST_P(PackedProduct, JoinsWeightsWithOneInput) {
    const int64_t in = 65;
    const auto first = randomValues(in * 50, 1);
    const auto second = randomValues(in * 3, 2);
    const std::vector<PackedWeight::Rows> blocks = {{first.data(), 50}, {second.data(), 3}};
    auto both = first;
    both.insert(both.end(), second.begin(), second.end());
    const PackedWeight packed(blocks, in, GetParam());
    ASSERT_EQ(packed.out(), 53);
    ASSERT_NO_FATAL_FAILURE(expectProduct(packed, both, 10, 0, 0));
}

TEST_P(PackedProduct, GivesTheWeightBack) {
    const int64_t in = 37;
    const int64_t out = 101;
    const auto weight = randomValues(in * out, 4);
    const PackedWeight packed(weight, out, in, GetParam());
    for (int64_t row = 0; row < out; ++row) {
        const auto values = packed.row(row);
        ASSERT_TRUE(std::equal(values.begin(), values.end(), weight.begin() + row * in)) << row;
    }
}

TEST_P(PackedProduct, CarriesNanAndInfinityOnlyWhereTheyBelong) {
    constexpr float inf = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const int64_t in = 9;
    const int64_t out = 50;  // the second panel is mostly padding
    std::vector<float> weight(static_cast<std::size_t>(in * out), 1.0F);
    weight[49 * in + 2] = nan;
    weight[3 * in + 1] = 0.0F;
    std::vector<float> x(static_cast<std::size_t>(3 * in), 1.0F);
    x[in + 1] = inf;
    const PackedWeight packed(weight, out, in, GetParam());
    std::vector<float> y(static_cast<std::size_t>(3 * out));
    packed.multiply(x.data(), 3, in, y.data(), out);
    for (int64_t row = 0; row < 3; ++row) {
        for (int64_t column = 0; column < out; ++column) {
            const float value = y[static_cast<std::size_t>(row * out + column)];
            if (column == 49 || (row == 1 && column == 3))  // NaN, ∞ · 0
                EXPECT_TRUE(std::isnan(value)) << row << ", " << column;
            else if (row == 1)
                EXPECT_EQ(value, inf) << column;
            else
                EXPECT_EQ(value, column == 3 ? 8.0F : 9.0F) << row << ", " << column;
        }
    }
}

TEST_P(PackedProduct, TakesEmptyShapes) {
    const PackedWeight noInputs(std::span<const float>{}, 3, 0, GetParam());
    std::vector<float> y(6, 5.0F);
    noInputs.multiply(nullptr, 2, 0, y.data(), 3);
    EXPECT_EQ(y, std::vector<float>(6, 0.0F));
    const PackedWeight noOutputs(std::span<const float>{}, 0, 4, GetParam());
    const std::vector<float> x(4);
    noOutputs.multiply(x.data(), 1, 4, nullptr, 0);
    const PackedWeight one(x, 1, 4, GetParam());
    one.multiply(nullptr, 0, 4, y.data(), 1);
    EXPECT_EQ(y, std::vector<float>(6, 0.0F));
}

INSTANTIATE_TEST_SUITE_P(Paths, PackedProduct,
                         testing::Values(ProductPath::Portable, ProductPath::Avx2,
                                         ProductPath::Avx512),
                         [](const auto& tested) {
                             std::string name(nameOf(tested.param));
                             std::erase(name, '-');
                             return name;
                         });

// Both add the same products in the same order with one rounding each.
TEST(PackedProductPaths, GiveTheSameBitsWithAvx2AndAvx512) {
    if (PackedWeight::bestPath() < ProductPath::Avx512)
        GTEST_SKIP() << "this processor has no AVX-512";
    const int64_t in = 700;
    const int64_t out = 77;
    const auto weight = randomValues(in * out, 9);
    const auto x = randomValues(19 * in, 10);
    std::vector<float> wide(19 * out);
    std::vector<float> narrow(19 * out);
    PackedWeight(weight, out, in, ProductPath::Avx512).multiply(x.data(), 19, in, wide.data(), out);
    PackedWeight(weight, out, in, ProductPath::Avx2).multiply(x.data(), 19, in, narrow.data(), out);
    EXPECT_EQ(wide, narrow);
}

TEST(PackedProductPaths, RefuseAWeightOfAnotherSize) {
    const std::vector<float> weight(11);
    EXPECT_THROW(PackedWeight(weight, 3, 4), Error);
}

}  // namespace
}  // namespace rankscope::torch_backend
