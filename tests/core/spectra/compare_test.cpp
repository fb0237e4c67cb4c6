// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/base/error.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::spectra {
namespace {

using testing::Each;
using testing::HasSubstr;

const backend::Backend& torch() { return backend::loadBackend({}); }

double& at(Matrix& matrix, std::int64_t i, std::int64_t j) {
    return matrix.values[static_cast<std::size_t>(i * matrix.columns + j)];
}

Matrix zeros(std::int64_t rows, std::int64_t columns) {
    return {std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
}

Matrix noise(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    Matrix matrix = zeros(rows, columns);
    for (double& value : matrix.values) value = normal(random);
    return matrix;
}

Matrix times(const Matrix& a, const Matrix& b) { return torch().algebra({}).multiply(a, b); }

Matrix plus(const Matrix& a, const Matrix& b) {
    Matrix sum = a;
    for (std::size_t i = 0; i < b.values.size(); ++i) sum.values[i] += b.values[i];
    return sum;
}

/// Rotation by `degrees` in the plane of the first two axes, [size, size].
Matrix rotation(std::int64_t size, double degrees) {
    const double angle = degrees * std::acos(-1.0) / 180;
    Matrix matrix = zeros(size, size);
    for (std::int64_t i = 0; i < size; ++i) at(matrix, i, i) = 1;
    at(matrix, 0, 0) = at(matrix, 1, 1) = std::cos(angle);
    at(matrix, 1, 0) = std::sin(angle);
    at(matrix, 0, 1) = -std::sin(angle);
    return matrix;
}

Matrix diagonal(std::int64_t rows, std::int64_t columns, const std::vector<double>& values) {
    Matrix matrix = zeros(rows, columns);
    for (std::size_t i = 0; i < values.size(); ++i)
        at(matrix, static_cast<std::int64_t>(i), static_cast<std::int64_t>(i)) = values[i];
    return matrix;
}

MatrixComparison compare(const Matrix& a, const Matrix& b, std::int64_t directions = 16) {
    const auto spectrum = [](const Matrix& m) {
        return Spectrum("w", m.rows, m.columns, torch().algebra({}).singularValues(m).values);
    };
    MatrixPair pair;
    pair.a.rows = a.rows;
    pair.a.columns = a.columns;
    pair.a.dtype = DType::F64;
    pair.b = pair.a;
    const Spectrum ofA = spectrum(a);
    const Spectrum ofB = spectrum(b);
    CompareOptions options;
    options.directions = directions;
    return compareMatrix({a, ofA}, {b, ofB},
                         roundingLevel(pair, ofA.frobeniusNorm(), ofB.frobeniusNorm()), options,
                         torch().algebra({}));
}

TEST(Compare, AMatrixEqualsItself) {
    for (const auto& matrix : {noise(20, 30, 1), noise(30, 20, 2), diagonal(9, 9, {3, 3, 3, 1})}) {
        const MatrixComparison same = compare(matrix, matrix, 5);
        EXPECT_EQ(same.relativeDifference, 0);
        EXPECT_EQ(same.rank90, 0);
        EXPECT_EQ(same.rank99, 0);
        EXPECT_EQ(same.numericalRank, 0);
        EXPECT_GE(same.leftCosines.size(), 4U);
        EXPECT_THAT(same.leftCosines, Each(testing::DoubleNear(1, 1e-12)));
        EXPECT_THAT(same.rightCosines, Each(testing::DoubleNear(1, 1e-12)));
        EXPECT_EQ(same.intruders, 0);
    }
}

// u leans equally to all 20 singular vectors of A: its cosine to each is 1/√20 = 0.22. If all of
// A's singular values are equal, u lies in their one subspace and is not an intruder.
TEST(Compare, CountsDirectionsThatAreNew) {
    for (const bool equal : {false, true}) {
        std::vector<double> values(20, 1);
        for (std::size_t i = 0; i < values.size() && !equal; ++i)
            values[i] = 2 - 0.05 * static_cast<double>(i);
        const Matrix left = torch().algebra({}).truncatedSvd(noise(20, 20, 11), 20).right;
        const Matrix a = times(times(left, diagonal(20, 30, values)),
                               torch().algebra({}).truncatedSvd(noise(30, 30, 12), 30).right);
        Matrix u = zeros(20, 1);
        for (std::int64_t i = 0; i < 20; ++i)
            for (std::int64_t j = 0; j < 20; ++j)
                at(u, i, 0) += left.values[static_cast<std::size_t>(i * 20 + j)] / std::sqrt(20.0);
        Matrix large = times(u, noise(1, 30, 13));
        for (double& value : large.values) value *= 10;
        EXPECT_EQ(compare(a, plus(a, large), 1).intruders, equal ? 0 : 1) << equal;
    }
}

TEST(Compare, FindsTheRankOfAPlantedDifference) {
    const Matrix base = noise(40, 30, 3);
    Matrix delta = times(noise(40, 4, 4), noise(4, 30, 5));
    for (double& value : delta.values) value *= 1e-4;  // far below the weights themselves
    const MatrixComparison found = compare(base, plus(base, delta));
    EXPECT_EQ(found.numericalRank, 4);
    EXPECT_LE(found.rank99, 4);
    double ofDelta = 0;
    double ofBase = 0;
    for (std::size_t i = 0; i < base.values.size(); ++i) {
        ofDelta += delta.values[i] * delta.values[i];
        ofBase += base.values[i] * base.values[i];
    }
    EXPECT_NEAR(found.relativeDifference / std::sqrt(ofDelta / ofBase), 1, 1e-9);
    EXPECT_EQ(found.leftCosines.size(), 16U);
}

// diag(2, 1) and the same turned by 30° on the left: only the left vectors turn.
TEST(Compare, MeasuresAKnownAngle) {
    const Matrix a = diagonal(2, 2, {2, 1});
    const MatrixComparison turned = compare(a, times(rotation(2, 30), a), 1);
    ASSERT_EQ(turned.leftCosines.size(), 1U);
    EXPECT_NEAR(turned.leftCosines[0], std::sqrt(3.0) / 2, 1e-14);
    EXPECT_NEAR(turned.rightCosines[0], 1, 1e-14);
    // ‖(R - I) diag(2, 1)‖² = (2 - 2 cos 30°)(4 + 1)
    EXPECT_NEAR(turned.relativeDifference, std::sqrt(2 - std::sqrt(3.0)), 1e-14);
}

TEST(Compare, SignsAndRotationsInsideEqualValuesChangeNothing) {
    // Singular values 5, 5, 2, 1 with random vectors; turned within the first two and, apart from
    // that, one sign flipped: other matrices with the same subspaces.
    const Matrix left = torch().algebra({}).truncatedSvd(noise(4, 4, 6), 4).right;
    const Matrix right = torch().algebra({}).truncatedSvd(noise(4, 4, 7), 4).right;
    const auto build = [&](const Matrix& turn, const std::vector<double>& values) {
        return times(times(times(left, turn), diagonal(4, 4, values)), right);
    };
    const Matrix a = build(rotation(4, 0), {5, 5, 2, 1});
    for (const auto& b :
         {build(rotation(4, 40), {5, 5, 2, 1}), build(rotation(4, 0), {5, -5, 2, 1}),
          build(rotation(4, 110), {-5, 5, -2, 1})}) {
        const MatrixComparison found = compare(a, b, 1);  // 1 would separate the equal values
        EXPECT_EQ(found.directionsA, 2);
        EXPECT_EQ(found.directionsB, 2);
        EXPECT_THAT(found.leftCosines, Each(testing::DoubleNear(1, 1e-12)));
        EXPECT_THAT(found.rightCosines, Each(testing::DoubleNear(1, 1e-12)));
        EXPECT_GT(found.relativeDifference, 0.1);
        EXPECT_EQ(found.intruders, 0);
    }
}

TEST(Compare, TakesNoMoreDirectionsThanThereAre) {
    const MatrixComparison found = compare(diagonal(5, 6, {3, 2}), noise(5, 6, 8), 4);
    EXPECT_EQ(found.directionsA, 2);
    EXPECT_EQ(found.directionsB, 4);
    EXPECT_EQ(found.leftCosines.size(), 2U);
    const MatrixComparison zero = compare(zeros(3, 4), diagonal(3, 4, {1, 1}));
    EXPECT_TRUE(std::isinf(zero.relativeDifference));
    EXPECT_EQ(zero.numericalRank, 2);
    EXPECT_TRUE(zero.leftCosines.empty());
    EXPECT_EQ(compare(zeros(3, 4), zeros(3, 4)).relativeDifference, 0);
}

TEST(Compare, RoundingIsNoDifferenceInRank) {
    const Matrix exact = noise(50, 60, 9);
    Matrix rounded = exact;
    for (double& value : rounded.values) value = static_cast<float>(value);
    MatrixPair pair;
    pair.a.rows = 50;
    pair.a.columns = 60;
    pair.a.dtype = DType::F64;
    pair.b = pair.a;
    pair.b.dtype = DType::F32;
    const auto spectrum = Spectrum("w", 50, 60, torch().algebra({}).singularValues(exact).values);
    const double norm = spectrum.frobeniusNorm();
    const double level = roundingLevel(pair, norm, norm);
    EXPECT_NEAR(level, norm * (0x1p-24 + 0x1p-53) * (1 / std::sqrt(50.0) + 1 / std::sqrt(60.0)),
                1e-18);
    EXPECT_EQ(compareMatrix({exact, spectrum}, {rounded, spectrum}, level, {}, torch().algebra({}))
                  .numericalRank,
              0);
}

TEST(Compare, NamesWhatCannotBeCompared) {
    const fixtures::TempFolder folder;
    const auto open = [&](const char* name, const fixtures::TinyT5& model) {
        return checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / name, model).string());
    };
    const auto a = open("a", {});
    const auto b = open("b", {.dFf = 48, .encoderLayers = 3});
    const MatchedMatrices matched = matchMatrices(a, b, {});
    // Attention of the common blocks: 2 · 4 and 2 · 8; each of 4 blocks has 3 of another width.
    EXPECT_EQ(matched.pairs.size(), 24U);
    EXPECT_EQ(matched.skipped.size(), 4U * 3U + 7U);
    EXPECT_EQ(matched.skipped[0].name, "encoder.block.0.layer.1.DenseReluDense.wi_0.weight");
    EXPECT_EQ(matched.skipped[0].reason, "Its shapes are [64, 32] and [48, 32].");
    EXPECT_THAT(matched.skipped.back().name, HasSubstr("encoder.block.2"));
    EXPECT_THAT(matched.skipped.back().reason, HasSubstr("/a"));
    try {
        matchMatrices(a, b, {"wo", ""});
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("no chosen matrix in common"));
    }
}

TEST(Compare, GoesThroughWholeCheckpoints) {
    const fixtures::TempFolder folder;
    const auto a =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "a", {.seed = 1}).string());
    const auto b =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "b", {.seed = 2}).string());
    const auto run = [&](const checkpoint::Checkpoint& first,
                         const checkpoint::Checkpoint& second) {
        const auto pairs = matchMatrices(first, second, {"attention", ""}).pairs;
        std::vector<Spectrum> ofFirst;
        std::vector<Spectrum> ofSecond;
        for (const MatrixPair& pair : pairs) {
            const auto spectrum = [](const checkpoint::Checkpoint& checkpoint,
                                     const checkpoint::WeightMatrix& matrix) {
                return Spectrum(
                    matrix.name, matrix.rows, matrix.columns,
                    torch().algebra({}).singularValues(checkpoint.readMatrix(matrix)).values);
            };
            ofFirst.push_back(spectrum(first, pair.a));
            ofSecond.push_back(spectrum(second, pair.b));
        }
        return compareCheckpoints({{first, ofFirst}, {second, ofSecond}, pairs}, {}, {torch()},
                                  Progress());
    };
    const auto same = run(a, a);
    ASSERT_EQ(same.size(), 24U);
    for (const MatrixComparison& matrix : same)
        EXPECT_EQ(matrix.relativeDifference, 0) << matrix.name;
    const auto different = run(a, b);
    EXPECT_EQ(different[3].name, same[3].name);
    EXPECT_GT(different[3].relativeDifference, 0.5);
    EXPECT_EQ(different[3].numericalRank, 24);
}

}  // namespace
}  // namespace rankscope::spectra
