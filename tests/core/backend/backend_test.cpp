// SPDX-License-Identifier: Apache-2.0
#include "core/backend/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::backend {
namespace {

const Backend& torch() { return loadBackend({}); }

/// Square matrix with the given diagonal.
Matrix diagonal(const std::vector<double>& values) {
    const std::size_t n = values.size();
    Matrix matrix{std::vector<double>(n * n), static_cast<std::int64_t>(n),
                  static_cast<std::int64_t>(n)};
    for (std::size_t i = 0; i < n; ++i) matrix.values[i * n + i] = values[i];
    return matrix;
}

TEST(SingularValuesTest, AgreeWithNumpy) {
    const Json goldens =
        parseJson(readTextFile(SPECTRA_GOLDENS, std::size_t{1} << 24U), "spectra_goldens.json");
    ASSERT_GE(goldens["cases"].size(), 10U);
    for (const Json& golden : goldens["cases"]) {
        const Matrix matrix{golden["values"].get<std::vector<double>>(),
                            golden["rows"].get<std::int64_t>(),
                            golden["columns"].get<std::int64_t>()};
        const auto expected = golden["singular_values"].get<std::vector<double>>();
        const SingularValues result = torch().algebra({}).singularValues(matrix);
        ASSERT_EQ(result.values.size(), expected.size()) << golden["name"];
        EXPECT_EQ(result.direct, golden["direct"].get<bool>()) << golden["name"];
        for (std::size_t i = 0; i < expected.size(); ++i) {
            // Direct: absolute error of the order eps s_1. Gram: relative to s², so / s_i.
            const double bound =
                result.direct ? 1e-14 * expected[0]
                              : 1e-14 * expected[0] * expected[0] / std::max(expected[i], 1e-300);
            EXPECT_NEAR(result.values[i], expected[i], bound) << golden["name"] << " " << i;
        }
    }
}

TEST(SingularValuesTest, OfMatricesSolvedByHand) {
    EXPECT_THAT(torch().algebra({}).singularValues(diagonal({-3, 1, 2})).values,
                testing::Pointwise(testing::DoubleNear(1e-14), {3.0, 2.0, 1.0}));
    // [[1, 1], [0, 1]]: golden ratio and its inverse.
    const double golden = (1 + std::sqrt(5.0)) / 2;
    const Matrix shear{{1, 1, 0, 1}, 2, 2};
    EXPECT_THAT(torch().algebra({}).singularValues(shear).values,
                testing::Pointwise(testing::DoubleNear(1e-14), {golden, 1 / golden}));
    // A row: its length.
    EXPECT_THAT(torch().algebra({}).singularValues(Matrix{{3, 4}, 1, 2}).values,
                testing::Pointwise(testing::DoubleNear(1e-14), {5.0}));
}

TEST(SingularValuesTest, RankOneIsRedoneDirectly) {
    // (1, 2, 2)ᵀ (3, 4): s = 3 · 5, 0.
    const SingularValues result =
        torch().algebra({}).singularValues(Matrix{{3, 4, 6, 8, 6, 8}, 3, 2});
    EXPECT_TRUE(result.direct);
    EXPECT_NEAR(result.values[0], 15, 1e-13);
    EXPECT_NEAR(result.values[1], 0, 1e-14);
}

TEST(SingularValuesTest, DirectValuesKeepWhatSquaresLose) {
    // 1e-9² = 1e-18 is lost beside 1 in a Gram matrix of float64; rotate so that it would be.
    const Matrix rotation{{0.6, -0.8, 0.8, 0.6}, 2, 2};
    const Matrix matrix =
        torch().algebra({}).multiply(torch().algebra({}).multiply(rotation, diagonal({1, 1e-9})),
                                     Matrix{{0.8, 0.6, -0.6, 0.8}, 2, 2});
    const SingularValues result = torch().algebra({}).singularValues(matrix);
    EXPECT_TRUE(result.direct);
    EXPECT_NEAR(result.values[1], 1e-9, 1e-15);
}

TEST(SingularValuesTest, ZeroMatrixIsValid) {
    const SingularValues result =
        torch().algebra({}).singularValues(Matrix{std::vector(6, 0.0), 2, 3});
    EXPECT_THAT(result.values, testing::ElementsAre(0, 0));
    EXPECT_FALSE(result.direct);
}

TEST(SingularValuesTest, SquaresOutsideFloat64AreAvoided) {
    for (const double scale : {1e-170, 1e170}) {
        const SingularValues result =
            torch().algebra({}).singularValues(diagonal({3 * scale, scale}));
        EXPECT_NEAR(result.values[0] / scale, 3, 1e-13);
        EXPECT_NEAR(result.values[1] / scale, 1, 1e-13);
    }
}

TEST(SingularValuesTest, AreTheSameFromManyThreads) {
    Matrix matrix{std::vector<double>(100 * 130), 100, 130};
    for (std::size_t i = 0; i < matrix.values.size(); ++i)
        matrix.values[i] = std::sin(static_cast<double>(i * i % 7919));
    const std::vector<double> expected = torch().algebra({}).singularValues(matrix).values;
    std::vector<std::vector<double>> found(8);
    {
        std::vector<std::jthread> threads;
        for (std::vector<double>& place : found) {
            threads.emplace_back(
                [&] { place = torch().algebra({}).singularValues(matrix).values; });
        }
    }
    for (const std::vector<double>& values : found) EXPECT_EQ(values, expected);
}

TEST(SingularValuesTest, ErrorsCrossTheLibrary) {
    EXPECT_THROW(torch().algebra({}).singularValues(Matrix{{}, 0, 3}), Error);
    EXPECT_THROW(torch().algebra({}).singularValues(Matrix{{1, 2, 3}, 2, 2}), Error);
    EXPECT_THROW(torch().algebra({}).multiply(Matrix{{1, 2}, 1, 2}, Matrix{{1, 2}, 1, 2}), Error);
}

TEST(Multiply, IsRowMajor) {
    const Matrix a{{1, 2, 3, 4, 5, 6}, 2, 3};
    const Matrix b{{1, 0, 2, 1, 0, 3}, 3, 2};
    const Matrix product = torch().algebra({}).multiply(a, b);
    EXPECT_EQ(product.rows, 2);
    EXPECT_EQ(product.columns, 2);
    EXPECT_THAT(product.values, testing::ElementsAre(5, 11, 14, 23));
}

TEST(Info, TellsWhatIsInForce) {
    const BackendInfo info = torch().info();
    EXPECT_THAT(info.libraryPath, testing::EndsWith("librankscope_torch.so"));
    EXPECT_FALSE(info.torchVersion.empty());
    EXPECT_FALSE(info.blas.empty());
    EXPECT_GE(info.threads, 1);
    const char* core = std::getenv("OPENBLAS_CORETYPE");
    // Of another BLAS the variable says nothing.
    const bool openBlas = info.blas.starts_with("OpenBLAS");
    EXPECT_EQ(info.blasCoreChosen, openBlas && core != nullptr ? core : "");
    const std::string advised = openBlasCoreForThisCpu();
    if (openBlas && !advised.empty() && info.blasCoreChosen == advised)
        EXPECT_EQ(info.blasCore, advised);
    EXPECT_EQ(info.cudaReason.empty(), !info.gpus.empty());
}

TEST(ChooseDevice, UnderstandsNames) {
    EXPECT_FALSE(torch().chooseDevice("cpu").cuda);
    const bool usable = torch().info().cudaReason.empty();
    EXPECT_EQ(torch().chooseDevice("auto").cuda, usable);
    for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU"}) {
        try {
            torch().chooseDevice(wrong);
            ADD_FAILURE() << wrong;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage) << wrong;
        }
    }
}

TEST(ChooseDevice, SaysWhyCudaCannotBeUsed) {
    const BackendInfo info = torch().info();
    if (info.cudaReason.empty()) {
        EXPECT_TRUE(torch().chooseDevice("cuda").cuda);
        return;
    }
    try {
        torch().chooseDevice("cuda");
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(info.cudaReason));
        EXPECT_THAT(error.what(), testing::HasSubstr("--device cpu"));
    }
}

}  // namespace
}  // namespace rankscope::backend
