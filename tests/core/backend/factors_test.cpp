// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/backend/backend.h"
#include "core/base/error.h"

namespace rankscope::backend {
namespace {

const Backend& torch() { return loadBackend({}); }

/// Gaussian entries with columns scaled down one after the other: a decaying spectrum.
Matrix decaying(std::int64_t rows, std::int64_t columns, double factor, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    Matrix matrix{std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
    for (std::size_t i = 0; i < matrix.values.size(); ++i) {
        const auto column = static_cast<double>(i % static_cast<std::size_t>(columns));
        matrix.values[i] = normal(random) * std::pow(factor, column);
    }
    return matrix;
}

Matrix difference(const Matrix& a, const Matrix& b) {
    Matrix result = a;
    for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] -= b.values[i];
    return result;
}

double frobenius(const Matrix& matrix) {
    return std::sqrt(
        std::inner_product(matrix.values.begin(), matrix.values.end(), matrix.values.begin(), 0.0));
}

Matrix transposed(const Matrix& matrix) {
    Matrix result{std::vector<double>(matrix.values.size()), matrix.columns, matrix.rows};
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
        for (std::int64_t j = 0; j < matrix.columns; ++j) {
            result.values[static_cast<std::size_t>(j * matrix.rows + i)] =
                matrix.values[static_cast<std::size_t>(i * matrix.columns + j)];
        }
    }
    return result;
}

double tail(const std::vector<double>& values, std::int64_t rank) {
    double sum = 0;
    for (std::size_t i = values.size(); i-- > static_cast<std::size_t>(rank);)
        sum += values[i] * values[i];
    return std::sqrt(sum);
}

/// Largest deviation of `vectors`ᵀ `vectors` from the identity.
double defect(const Matrix& vectors) {
    Matrix gram = torch().algebra({}).multiply(transposed(vectors), vectors);
    for (std::int64_t i = 0; i < gram.rows; ++i)
        gram.values[static_cast<std::size_t>(i * gram.columns + i)] -= 1;
    return std::abs(
        *std::max_element(gram.values.begin(), gram.values.end(),
                          [](double a, double b) { return std::abs(a) < std::abs(b); }));
}

struct Case {
    std::int64_t rows, columns, rank;
    double factor;
};

class TruncatedSvd : public testing::TestWithParam<Case> {};

TEST_P(TruncatedSvd, IsTheBestOfItsRank) {
    const auto [rows, columns, rank, factor] = GetParam();
    const Matrix weight = decaying(rows, columns, factor, 7);
    const Factors factors = torch().algebra({}).truncatedSvd(weight, rank);
    ASSERT_EQ(factors.left.rows, rows);
    ASSERT_EQ(factors.left.columns, rank);
    ASSERT_EQ(factors.right.rows, rank);
    ASSERT_EQ(factors.right.columns, columns);
    const Matrix product = torch().algebra({}).multiply(factors.left, factors.right);
    const Matrix rest = difference(weight, product);
    const std::vector<double> values = torch().algebra({}).singularValues(weight).values;
    const double optimum = tail(values, rank);
    const double rounding = 1e-13 * frobenius(weight);
    EXPECT_NEAR(frobenius(rest), optimum, 1e-6 * optimum + rounding);
    if (rank < std::min(rows, columns)) {
        // ‖W - AB‖₂ is the first singular value left out.
        const double next = values[static_cast<std::size_t>(rank)];
        EXPECT_NEAR(torch().algebra({}).singularValues(rest).values[0], next,
                    1e-6 * next + rounding);
    }
    EXPECT_LT(defect(rows >= columns ? transposed(factors.right) : factors.left), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Shapes, TruncatedSvd,
                         testing::Values(Case{40, 40, 13, 0.95}, Case{60, 30, 7, 0.9},
                                         Case{30, 60, 7, 0.9}, Case{60, 30, 30, 0.9},
                                         Case{30, 60, 30, 0.9}, Case{1, 9, 1, 1}, Case{9, 1, 1, 1},
                                         Case{1, 1, 1, 1}, Case{30, 30, 12, 0.3},
                                         Case{40, 30, 20, 0.5}, Case{30, 40, 29, 0.6},
                                         Case{96, 64, 20, 1.0}));

TEST(TruncatedSvdTest, OfRankDeficientMatrixIsExactFromItsRankOn) {
    const Matrix weight =
        torch().algebra({}).multiply(decaying(24, 5, 0.8, 1), decaying(5, 18, 0.9, 2));
    for (const std::int64_t rank : {5, 6, 18}) {
        const Factors factors = torch().algebra({}).truncatedSvd(weight, rank);
        const Matrix rest =
            difference(weight, torch().algebra({}).multiply(factors.left, factors.right));
        EXPECT_LT(frobenius(rest), 1e-13 * frobenius(weight)) << rank;
    }
}

TEST(TruncatedSvdTest, RefusesRanksThatDoNotExist) {
    const Matrix weight = decaying(4, 6, 1, 1);
    for (const std::int64_t rank : {-1, 0, 5}) {
        try {
            torch().algebra({}).truncatedSvd(weight, rank);
            ADD_FAILURE() << rank;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            EXPECT_THAT(error.what(), testing::HasSubstr("1 to 4"));
        }
    }
}

/// [down; mix · down] put back into its rows.
Matrix rebuilt(const PivotedFactors& pivoted) {
    const Matrix rest = torch().algebra({}).multiply(pivoted.mix, pivoted.down);
    const auto columns = static_cast<std::size_t>(pivoted.down.columns);
    Matrix result{std::vector<double>(pivoted.rows.size() * columns),
                  static_cast<std::int64_t>(pivoted.rows.size()), pivoted.down.columns};
    std::vector<double> stacked = pivoted.down.values;
    stacked.insert(stacked.end(), rest.values.begin(), rest.values.end());
    for (std::size_t i = 0; i < pivoted.rows.size(); ++i) {
        std::copy_n(stacked.begin() + static_cast<std::ptrdiff_t>(i * columns), columns,
                    result.values.begin() + pivoted.rows[i] * static_cast<std::ptrdiff_t>(columns));
    }
    return result;
}

class Pivot : public testing::TestWithParam<Case> {};

TEST_P(Pivot, IsTheSameMatrixInFewerNumbers) {
    const auto [rows, columns, rank, factor] = GetParam();
    const Factors factors =
        torch().algebra({}).truncatedSvd(decaying(rows, columns, factor, 3), rank);
    const Matrix whole = torch().algebra({}).multiply(factors.left, factors.right);
    const PivotedFactors pivoted = torch().algebra({}).pivot(factors);
    EXPECT_EQ(static_cast<std::int64_t>(pivoted.down.values.size() + pivoted.mix.values.size()),
              rank * (rows + columns) - rank * rank);
    EXPECT_EQ(pivoted.mix.rows, rows - rank);
    EXPECT_EQ(pivoted.mix.columns, rank);
    std::vector<std::int64_t> sorted = pivoted.rows;
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::int64_t> all(static_cast<std::size_t>(rows));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    EXPECT_EQ(sorted, all);
    double largest = 0;
    for (const double value : pivoted.mix.values) largest = std::max(largest, std::abs(value));
    EXPECT_EQ(largest, pivoted.largestMix);
    EXPECT_LE(largest, 1.05 * (1 + 1e-6));
    EXPECT_LT(frobenius(difference(whole, rebuilt(pivoted))), 1e-12 * frobenius(whole));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Pivot,
                         testing::Values(Case{40, 40, 13, 0.95}, Case{60, 30, 7, 0.9},
                                         Case{30, 60, 29, 0.9}, Case{60, 30, 30, 0.9},
                                         Case{30, 60, 30, 0.9}, Case{9, 1, 1, 1}, Case{1, 9, 1, 1},
                                         Case{40, 30, 20, 0.5}, Case{300, 200, 100, 0.98}));

TEST(PivotTest, ExchangesRowsThatPartialPivotingGetsWrong) {
    // Rows of a Kahan-like matrix: |L| <= 1 in LU, while L₂ L₁⁻¹ grows like 2^rank.
    const std::int64_t rank = 12;
    Matrix left{std::vector<double>(static_cast<std::size_t>((rank + 1) * rank)), rank + 1, rank};
    for (std::int64_t i = 0; i <= rank; ++i)
        for (std::int64_t j = 0; j < rank; ++j)
            left.values[static_cast<std::size_t>(i * rank + j)] = i == j ? 1 : (i > j ? -1 : 0);
    Matrix right{std::vector<double>(static_cast<std::size_t>(rank * rank)), rank, rank};
    for (std::int64_t i = 0; i < rank; ++i)
        right.values[static_cast<std::size_t>(i * rank + i)] = 1;
    const PivotedFactors pivoted = torch().algebra({}).pivot({left, right});
    EXPECT_LE(pivoted.largestMix, 1.05);
    EXPECT_LT(frobenius(difference(left, rebuilt(pivoted))), 1e-12 * frobenius(left));
}

TEST(PivotTest, DependentColumnsAreNoFailure) {
    const Matrix zero{std::vector(12, 0.0), 6, 2};
    const PivotedFactors ofZero =
        torch().algebra({}).pivot({zero, Matrix{std::vector(8, 0.0), 2, 4}});
    EXPECT_EQ(frobenius(rebuilt(ofZero)), 0);
    Matrix left = decaying(8, 3, 1, 5);
    for (std::size_t i = 0; i < left.values.size(); i += 3)
        left.values[i + 2] = left.values[i] + left.values[i + 1];
    const Factors factors{left, decaying(3, 5, 1, 6)};
    const Matrix whole = torch().algebra({}).multiply(factors.left, factors.right);
    const PivotedFactors pivoted = torch().algebra({}).pivot(factors);
    EXPECT_LE(pivoted.largestMix, 1.05 * (1 + 1e-6));
    EXPECT_LT(frobenius(difference(whole, rebuilt(pivoted))), 1e-12 * frobenius(whole));
}

}  // namespace
}  // namespace rankscope::backend
