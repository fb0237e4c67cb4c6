// SPDX-License-Identifier: Apache-2.0
// Every expected value is computed here from the definition, on inputs that are written out: sums
// over tokens and pairs of tokens, and least squares for every set of units.
#include "core/method/slim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/method/ridge.h"
#include "tests/core/method/moments_fixture.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::method {
namespace {

using ::testing::HasSubstr;

Matrix secondOf(const Matrix& x) { return times(x, transposed(x)); }

Matrix firstRows(const Matrix& a, std::int64_t rows) {
    return {{a.values.begin(), a.values.begin() + rows * a.columns}, rows, a.columns};
}

double squared(const Matrix& a) { return innerProduct(a, a); }

/// Σ over all pairs of inputs x of q and z of k of (xᵀ Qᵀ K z − xᵀ Q'ᵀ K' z)².
double errorOfScores(const Matrix& q, const Matrix& k, const Matrix& fewQ, const Matrix& fewK,
                     const Matrix& x, const Matrix& z) {
    const Matrix whole = times(transposed(times(q, x)), times(k, z));
    const Matrix cut = times(transposed(times(fewQ, x)), times(fewK, z));
    return squared(difference(whole, cut));
}

TEST(HeadScores, ErrorIsTheTailAtEverySize) {
    const Matrix q = gaussian(6, 10, 1), k = gaussian(6, 10, 2);
    const Matrix x = inputs(10, 30, 3), z = inputs(10, 25, 4);
    const HeadScores scores = headScores(q, k, secondOf(x), secondOf(z), engine().algebra({}));
    ASSERT_EQ(scores.values.size(), 6U);
    const double whole = squared(times(transposed(times(q, x)), times(k, z)));
    double tail = 0;
    for (std::int64_t r = 6; r >= 0; --r) {
        if (r < 6) tail += std::pow(scores.values[static_cast<std::size_t>(r)], 2);
        const double error =
            errorOfScores(q, k, firstRows(scores.queries, r), firstRows(scores.keys, r), x, z);
        EXPECT_NEAR(error, tail, 1e-10 * whole) << r;
    }
    EXPECT_NEAR(tail, whole, 1e-10 * whole);
}

TEST(HeadScores, InputsThatSpanLittleAndHeadsWithoutScoresAreNoTrouble) {
    const Matrix q = gaussian(6, 10, 1);
    const Matrix x = inputs(10, 3, 3), z = inputs(10, 4, 4);  // of rank 3 and 4
    const HeadScores scores = headScores(q, q, secondOf(x), secondOf(z), engine().algebra({}));
    const double whole = squared(times(transposed(times(q, x)), times(q, z)));
    EXPECT_LE(errorOfScores(q, q, scores.queries, scores.keys, x, z), 1e-10 * whole);
    EXPECT_LE(errorOfScores(q, q, firstRows(scores.queries, 3), firstRows(scores.keys, 3), x, z),
              1e-10 * whole);
    for (const Matrix* rows : {&scores.queries, &scores.keys})  // nothing is blown up
        for (const double value : rows->values) EXPECT_LT(std::abs(value), 100);
    const Matrix nothing{std::vector<double>(60, 0.0), 6, 10};
    const HeadScores none = headScores(nothing, q, secondOf(x), secondOf(z), engine().algebra({}));
    for (const double value : none.queries.values) EXPECT_EQ(value, 0);
    for (const double value : none.values) EXPECT_LT(value, 1e-10);
}

TEST(HeadScores, BothSidesAreOfOneSize) {
    Matrix q = gaussian(4, 8, 5);
    for (double& value : q.values) value *= 1e6;
    const HeadScores scores = headScores(q, gaussian(4, 8, 6), secondOf(inputs(8, 20, 7)),
                                         secondOf(inputs(8, 20, 8)), engine().algebra({}));
    for (std::int64_t row = 0; row < 4; ++row) {
        double first = 0, second = 0;
        for (std::int64_t j = 0; j < 8; ++j) {
            first += std::pow(scores.queries.values[static_cast<std::size_t>(8 * row + j)], 2);
            second += std::pow(scores.keys.values[static_cast<std::size_t>(8 * row + j)], 2);
        }
        EXPECT_NEAR(first, second, 1e-9 * first);
    }
}

TEST(HeadValues, ErrorIsTheTailAtEverySize) {
    const Matrix v = gaussian(5, 12, 1), o = gaussian(12, 5, 2);
    const Matrix mixed = times(v, inputs(12, 40, 3));  // o's inputs: values mixed by attention
    const HeadValues values = headValues(v, o, secondOf(mixed), engine().algebra({}));
    const double whole = squared(times(o, mixed));
    double tail = 0;
    for (std::int64_t r = 5; r >= 0; --r) {
        if (r < 5) tail += values.squares[static_cast<std::size_t>(r)];
        const Matrix u = transposed(firstRows(transposed(values.outputs), r));
        const Matrix left = times(times(u, transposed(u)), times(o, mixed));
        EXPECT_NEAR(squared(difference(times(o, mixed), left)), tail, 1e-10 * whole) << r;
        // V' = Uᵀ O V, so that O' V' x is what is left of O V x.
        EXPECT_LE(
            squared(difference(firstRows(values.values, r), times(transposed(u), times(o, v)))),
            1e-20 * squared(times(o, v)));
    }
}

TEST(HeadValues, AHeadMayBeWiderThanTheModel) {
    const Matrix v = gaussian(7, 4, 1), o = gaussian(4, 7, 2);
    const HeadValues values = headValues(v, o, secondOf(inputs(7, 30, 3)), engine().algebra({}));
    EXPECT_EQ(values.values.rows, 7);
    EXPECT_EQ(values.outputs.columns, 7);
    EXPECT_EQ(values.squares[4], 0);
    EXPECT_LE(squared(difference(times(values.outputs, values.values), times(o, v))),
              1e-20 * squared(times(o, v)));
}

/// The least squared error of W' h against W h if W' may use only the units `kept`: Gaussian
/// elimination on the normal equations, written out.
double leastError(const Matrix& w, const Matrix& c, const std::vector<std::size_t>& kept) {
    const std::size_t n = kept.size(), all = static_cast<std::size_t>(c.rows);
    const Matrix wc = times(w, c);
    double error = innerProduct(wc, w);
    for (std::int64_t row = 0; row < w.rows; ++row) {
        std::vector<std::vector<double>> a(n, std::vector<double>(n + 1));
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) a[i][j] = c.values[kept[i] * all + kept[j]];
            a[i][n] = wc.values[static_cast<std::size_t>(row) * all + kept[i]];
        }
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                if (j == i) continue;
                const double f = a[j][i] / a[i][i];
                for (std::size_t k = i; k <= n; ++k) a[j][k] -= f * a[i][k];
            }
        for (std::size_t i = 0; i < n; ++i)
            error -= a[i][n] / a[i][i] * wc.values[static_cast<std::size_t>(row) * all + kept[i]];
    }
    return error;
}

TEST(UnitOrder, DropsWhatCostsLeastEachTime) {
    const std::int64_t units = 9;
    const Matrix wo = gaussian(5, units, 1);
    const Matrix c = withRidge(secondOf(inputs(units, 40, 2)), 1e-3);
    const UnitOrder order = unitOrder(wo, c, engine().algebra({}));
    ASSERT_EQ(order.units.size(), 9U);
    ASSERT_EQ(order.errors.size(), 10U);
    EXPECT_EQ(order.errors.back(), 0);
    const double whole = innerProduct(times(wo, c), wo);
    std::vector<std::size_t> kept(9);
    for (std::size_t i = 0; i < 9; ++i) kept[i] = i;
    for (std::size_t left = 9; left-- > 0;) {
        std::size_t worst = 0;
        double least = INFINITY;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            std::vector<std::size_t> others = kept;
            others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
            if (const double error = leastError(wo, c, others); error < least) {
                least = error;
                worst = i;
            }
        }
        EXPECT_EQ(order.units[left], static_cast<std::int64_t>(kept[worst])) << left;
        EXPECT_NEAR(order.errors[left], least, 1e-9 * whole) << left;
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(worst));
    }
}

TEST(UnitOrder, ErrorsStayAccurateOverHundredsOfSteps) {
    const std::int64_t units = 300;
    const Matrix wo = gaussian(40, units, 1);
    const Matrix c = withRidge(secondOf(inputs(units, 500, 2)), 1e-3);
    const UnitOrder order = unitOrder(wo, c, engine().algebra({}));
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < 60; ++i) kept.push_back(static_cast<std::size_t>(order.units[i]));
    const double whole = innerProduct(times(wo, c), wo);
    EXPECT_NEAR(order.errors[60], leastError(wo, c, kept), 1e-7 * whole);
    EXPECT_NEAR(order.errors[0], whole, 1e-7 * whole);
}

std::string refusalOf(const fixtures::TinyT5& shape, const std::string& targets) {
    const fixtures::TempFolder folder;
    fixtures::writeTinyT5(folder.path(), shape);
    const auto model = checkpoint::openCheckpoint(folder.path().string());
    try {
        slimSublayers(model, checkpoint::selectMatrices(model.matrices(), {targets, ""}));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        return error.what();
    }
    return {};
}

TEST(SlimSublayers, RefuseHalfOfAPairAndWhatHasNoHeads) {
    EXPECT_THAT(refusalOf({}, "q"), HasSubstr("SelfAttention.q.weight together with k"));
    EXPECT_THAT(refusalOf({}, "q,k,o"), HasSubstr("SelfAttention.o.weight together with v"));
    EXPECT_THAT(refusalOf({}, "wi_0,wo"), HasSubstr("wo.weight together with wi_0 and wi_1"));
    EXPECT_THAT(refusalOf({.gated = false}, "wo"), HasSubstr("wo.weight together with wi of"));
    EXPECT_THAT(refusalOf({.gated = false}, "wi"), HasSubstr("wi.weight together with wo"));
    EXPECT_THAT(refusalOf({}, "q,k,head"), HasSubstr("lm_head.weight has neither heads nor units"));
    EXPECT_EQ(refusalOf({}, "q,k"), "");
    EXPECT_EQ(refusalOf({.gated = false}, "all"), "");
}

}  // namespace
}  // namespace rankscope::method
