// SPDX-License-Identifier: Apache-2.0
// Each method against the identity that defines it; singular values of small products are the
// independent source.
#include "core/method/method.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/method/ridge.h"
#include "tests/core/method/moments_fixture.h"

namespace rankscope::method {
namespace {

using backend::Factors;

double& at(Matrix& a, std::int64_t i, std::int64_t j) {
    return a.values[static_cast<std::size_t>(i * a.columns + j)];
}

Matrix product(const Factors& factors) { return times(factors.left, factors.right); }

Matrix minus(Matrix a, const Matrix& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] -= b.values[i];
    return a;
}

double squaredNorm(const Matrix& a) {
    double sum = 0;
    for (const double value : a.values) sum += value * value;
    return sum;
}

/// Σ_{i > rank} s_i²
double tail(const Matrix& a, std::int64_t rank) {
    const auto values = engine().algebra({}).singularValues(a).values;
    double sum = 0;
    for (std::size_t i = static_cast<std::size_t>(rank); i < values.size(); ++i)
        sum += values[i] * values[i];
    return sum;
}

struct Shapes {
    std::int64_t rows, columns, tokens;
};
// Wide, square and tall; with fewer tokens than channels G is singular.
const std::vector<Shapes> shapes = {
    {12, 20, 100}, {16, 16, 60}, {24, 14, 50}, {12, 20, 9}, {24, 14, 6}};

TEST(Whitened, LosesExactlyTheTailOnItsInputs) {
    for (const Shapes& shape : shapes) {
        const Matrix w = gaussian(shape.rows, shape.columns, 1);
        const Matrix x = inputs(shape.columns, shape.tokens, 2);
        const Matrix wx = times(w, x);
        const auto moments = momentsOf(x);
        for (const std::int64_t rank : {1, 3, 7, 11}) {
            const Factors factors =
                whitened({.weight = w, .rank = rank, .inputs = &moments}, engine().algebra({}));
            const double lost = squaredNorm(times(minus(w, product(factors)), x));
            EXPECT_NEAR(lost, tail(wx, rank), 1e-9 * squaredNorm(wx)) << shape.rows << ' ' << rank;
        }
    }
}

TEST(Whitened, IsNeverWorseOnItsInputsThanMethodsThatKnowLess) {
    const Matrix w = gaussian(24, 14, 3);
    const Matrix x = inputs(14, 80, 4);
    const auto moments = momentsOf(x);
    for (std::int64_t rank = 1; rank < 14; ++rank) {
        const MethodInput input{.weight = w, .rank = rank, .inputs = &moments};
        const auto lost = [&](const Factors& factors) {
            return squaredNorm(times(minus(w, product(factors)), x));
        };
        const double best = lost(whitened(input, engine().algebra({})));
        EXPECT_LE(best, lost(diagonal(input, engine().algebra({}))) * (1 + 1e-9));
        EXPECT_LE(best, lost(truncatedSvd(input, engine().algebra({}))) * (1 + 1e-9));
    }
}

// Every method with an identity for a metric is the plain SVD.
TEST(Methods, WithoutADirectionArePlain) {
    for (const Shapes& shape : {Shapes{12, 20, 0}, Shapes{24, 14, 0}}) {
        const Matrix w = gaussian(shape.rows, shape.columns, 5);
        backend::InputMoments moments;
        moments.tokens = 10;
        moments.second =
            withRidge({std::vector<double>(static_cast<std::size_t>(shape.columns * shape.columns)),
                       shape.columns, shape.columns},
                      1);
        moments.absolute.assign(static_cast<std::size_t>(shape.columns), 10);
        backend::GradientMoments gradients;
        gradients.columns.assign(static_cast<std::size_t>(shape.columns), 3);
        gradients.second =
            withRidge({std::vector<double>(static_cast<std::size_t>(shape.rows * shape.rows)),
                       shape.rows, shape.rows},
                      1);
        const MethodInput input{
            .weight = w, .rank = 5, .inputs = &moments, .gradients = &gradients};
        const Matrix plain = product(truncatedSvd(input, engine().algebra({})));
        for (const auto method : {&whitened, &diagonal, &fisher, &twoSided})
            EXPECT_LT(squaredNorm(minus(plain, product(method(input, engine().algebra({}))))),
                      1e-18);
    }
}

TEST(Diagonal, LosesTheTailOfTheScaledMatrix) {
    const Matrix w = gaussian(10, 15, 6);
    const auto moments = momentsOf(inputs(15, 40, 7));
    Matrix scaled = w;
    for (std::int64_t i = 0; i < w.rows; ++i)
        for (std::int64_t j = 0; j < w.columns; ++j)
            at(scaled, i, j) *= std::pow(moments.absolute[static_cast<std::size_t>(j)] / 40, 0.7);
    const Factors factors =
        diagonal({.weight = w, .rank = 4, .inputs = &moments, .settings = {.alpha = 0.7}},
                 engine().algebra({}));
    Matrix difference = minus(w, product(factors));
    for (std::int64_t i = 0; i < w.rows; ++i)
        for (std::int64_t j = 0; j < w.columns; ++j)
            at(difference, i, j) *=
                std::pow(moments.absolute[static_cast<std::size_t>(j)] / 40, 0.7);
    EXPECT_NEAR(squaredNorm(difference), tail(scaled, 4), 1e-9 * squaredNorm(scaled));
}

TEST(Fisher, WeightedLossIsTheTailAndADeadChannelCostsNothing) {
    const Matrix w = gaussian(10, 15, 8);
    backend::GradientMoments gradients;
    for (int j = 0; j < 15; ++j) gradients.columns.push_back(j == 3 ? 0 : 1 + j);
    const auto weighted = [&](Matrix a) {
        for (std::int64_t i = 0; i < a.rows; ++i)
            for (std::int64_t j = 0; j < a.columns; ++j)
                at(a, i, j) *= std::sqrt(gradients.columns[static_cast<std::size_t>(j)]);
        return a;
    };
    const Factors factors =
        fisher({.weight = w, .rank = 4, .gradients = &gradients}, engine().algebra({}));
    EXPECT_NEAR(squaredNorm(weighted(minus(w, product(factors)))), tail(weighted(w), 4),
                1e-8 * squaredNorm(weighted(w)));
}

// ‖L (W - W') X‖² with Lᵀ L = C is the tail of L W X.
TEST(TwoSided, LosesTheTailOfWhatBothMetricsSee) {
    for (const Shapes& shape : {Shapes{12, 20, 100}, Shapes{24, 14, 50}}) {
        const Matrix w = gaussian(shape.rows, shape.columns, 9);
        const Matrix x = inputs(shape.columns, shape.tokens, 10);
        const Matrix g = inputs(shape.rows, 200, 11);
        const auto moments = momentsOf(x);
        backend::GradientMoments gradients;
        gradients.second = times(g, transposed(g));
        const MethodSettings settings{.ridge = 1e-3};
        const Factors factors = twoSided({.weight = w,
                                          .rank = 5,
                                          .inputs = &moments,
                                          .gradients = &gradients,
                                          .settings = settings},
                                         engine().algebra({}));
        // ‖L A‖² = trace(Aᵀ C A), without L itself.
        const Matrix metric = withRidge(gradients.second, settings.ridge);
        const auto seen = [&](const Matrix& a) {
            const Matrix ax = times(a, x);
            const Matrix cax = times(metric, ax);
            double sum = 0;
            for (std::size_t i = 0; i < ax.values.size(); ++i) sum += ax.values[i] * cax.values[i];
            return sum;
        };
        // The tail by another way: eigenvalues of (W G Wᵀ) C are the squares. Their sum is the
        // whole, and W' keeps the five largest, so no other rank-5 matrix loses less.
        const double lost = seen(minus(w, product(factors)));
        const double kept = seen(product(factors));
        EXPECT_NEAR(lost + kept, seen(w), 1e-8 * seen(w));  // orthogonal in this metric
        for (const auto method : {&whitened, &truncatedSvd})
            EXPECT_LE(lost,
                      seen(minus(w, product(method({.weight = w, .rank = 5, .inputs = &moments},
                                                   engine().algebra({}))))) *
                          (1 + 1e-9));
    }
}

/// Inputs of the original and of the compressed model, with the moments a walk gives.
struct Shifted {
    Matrix w, x, shifted, stream;
    backend::WalkedGroup group;

    explicit Shifted(const Shapes& shape)
        : w(gaussian(shape.rows, shape.columns, 31)),
          x(inputs(shape.columns, shape.tokens, 32)),
          shifted(x),
          stream(gaussian(shape.rows, shape.tokens, 33)) {
        const Matrix noise = gaussian(shape.columns, shape.tokens, 34);
        for (std::size_t i = 0; i < shifted.values.size(); ++i)
            shifted.values[i] = 0.9 * shifted.values[i] + 0.3 * noise.values[i];
        group = {{},
                 shape.tokens,
                 times(x, transposed(x)),
                 times(x, transposed(shifted)),
                 times(shifted, transposed(shifted)),
                 {}};
    }
    MethodInput input(std::int64_t rank, double ridge) const {
        MethodInput result{.weight = w, .rank = rank};
        result.settings.ridge = ridge;
        return result;
    }
};

Matrix beside(const Matrix& a, const Matrix& b) {
    Matrix both{{}, a.rows, a.columns + b.columns};
    for (std::int64_t i = 0; i < a.rows; ++i) {
        const auto row = [i](const Matrix& m) { return m.values.begin() + i * m.columns; };
        both.values.insert(both.values.end(), row(a), row(a) + a.columns);
        both.values.insert(both.values.end(), row(b), row(b) + b.columns);
    }
    return both;
}

Matrix scaled(Matrix a, double factor) {
    for (double& value : a.values) value *= factor;
    return a;
}

/// Reduced-rank regression by its textbook solution: of ‖T - W' Z‖² over W' of a rank, the least is
/// what no W' reaches, ‖T‖² - ‖T Q‖², plus the tail of T Q, Q an orthonormal basis of Z's rows.
double leastLoss(const Matrix& target, const Matrix& z, std::int64_t rank) {
    const Matrix seen = times(target, engine().algebra({}).orthonormalBasis(transposed(z)));
    return squaredNorm(target) - squaredNorm(seen) + tail(seen, rank);
}

const std::vector<Shapes> regressions = {{12, 20, 100}, {16, 16, 60}, {24, 14, 50}};

TEST(Anchored, LosesTheLeastOfReducedRankRegression) {
    for (const Shapes& shape : regressions) {
        const Shifted given(shape);
        const Matrix target = times(given.w, given.x);
        for (const std::int64_t rank : {1, 4, 9}) {
            const auto loss = [&](const Factors& factors) {
                return squaredNorm(minus(target, times(product(factors), given.shifted)));
            };
            const double lost =
                loss(anchored(given.input(rank, 0), given.group, engine().algebra({})));
            EXPECT_NEAR(lost, leastLoss(target, given.shifted, rank), 1e-9 * squaredNorm(target));
            const auto moments = momentsOf(given.x);
            MethodInput unanchored = given.input(rank, 0);
            unanchored.inputs = &moments;
            EXPECT_LT(lost, loss(whitened(unanchored, engine().algebra({}))));
        }
    }
}

TEST(Anchored, OnUnchangedInputsIsWhitened) {
    const Shifted given({16, 16, 60});
    const backend::WalkedGroup same{
        {}, 60, given.group.original, given.group.original, given.group.original, {}};
    const auto moments = momentsOf(given.x);
    MethodInput input = given.input(5, 0);
    input.inputs = &moments;
    const Matrix expected = product(whitened(input, engine().algebra({})));
    for (const auto method : {&anchored, &compensated})
        EXPECT_LT(squaredNorm(minus(expected, product(method(input, same, engine().algebra({}))))),
                  1e-14 * squaredNorm(expected));
}

/// The ridge is further columns of the regression: √ρ W from √ρ 1.
TEST(Compensated, LosesTheLeastOfTheRegressionWithStreamAndRidge) {
    for (const Shapes& shape : regressions)
        for (const bool toStream : {false, true}) {
            Shifted given(shape);
            Matrix target = times(given.w, given.x);
            if (toStream) {
                given.group.lost = times(given.stream, transposed(given.shifted));
                target = minus(target, scaled(given.stream, -1));
            }
            const double ridge = 0.2;
            double mean = 0;
            for (std::int64_t i = 0; i < shape.columns; ++i)
                mean += at(given.group.shifted, i, i) / static_cast<double>(shape.columns);
            Matrix one{std::vector<double>(static_cast<std::size_t>(shape.columns * shape.columns)),
                       shape.columns, shape.columns};
            for (std::int64_t i = 0; i < shape.columns; ++i) at(one, i, i) = 1;
            const double root = std::sqrt(ridge * mean);
            const Matrix all = beside(target, scaled(given.w, root));
            const Matrix z = beside(given.shifted, scaled(one, root));
            for (const std::int64_t rank : {2, 7}) {
                const Factors factors =
                    compensated(given.input(rank, ridge), given.group, engine().algebra({}));
                EXPECT_NEAR(squaredNorm(minus(all, times(product(factors), z))),
                            leastLoss(all, z, rank), 1e-9 * squaredNorm(all));
            }
        }
}

TEST(Refitted, IsTheBestLeftFactorAndLeavesTheBestAsItIs) {
    const Shifted given({12, 20, 100});
    const Matrix target = times(given.w, given.x);
    const auto loss = [&](const Factors& factors) {
        return squaredNorm(minus(target, times(product(factors), given.shifted)));
    };
    const MethodInput input = given.input(5, 0);
    const Factors plain = truncatedSvd(input, engine().algebra({}));
    const Factors fitted = refitted(input, plain, given.group, engine().algebra({}));
    EXPECT_EQ(fitted.right.values, plain.right.values);
    // With Z = B X' no left factor is better than the projection onto Z's rows.
    const Matrix z = times(plain.right, given.shifted);
    EXPECT_NEAR(loss(fitted), leastLoss(target, z, 5), 1e-9 * squaredNorm(target));
    EXPECT_LT(loss(fitted), loss(plain));
    const Factors best = anchored(input, given.group, engine().algebra({}));
    EXPECT_LT(squaredNorm(minus(product(best),
                                product(refitted(input, best, given.group, engine().algebra({}))))),
              1e-14 * squaredNorm(product(best)));
    // A large ridge keeps the factor that was given.
    const MethodInput held = given.input(5, 1e9);
    EXPECT_LT(squaredNorm(minus(product(plain),
                                product(refitted(held, plain, given.group, engine().algebra({}))))),
              1e-12 * squaredNorm(product(plain)));
}

TEST(Methods, FirstComponentsAreTheFactorsOfALowerRank) {
    const Matrix w = gaussian(18, 12, 12);
    const auto moments = momentsOf(inputs(12, 40, 13));
    backend::GradientMoments gradients;
    const Matrix g = inputs(18, 60, 14);
    gradients.second = times(g, transposed(g));
    gradients.columns.assign(12, 1);
    for (const Method& method : methods()) {
        if (method.factorize == nullptr || method.name == "randomized") continue;
        MethodInput input{.weight = w, .rank = 10, .inputs = &moments, .gradients = &gradients};
        const Factors most = method.factorize(input, engine().algebra({}));
        input.rank = 4;
        const Factors few = method.factorize(input, engine().algebra({}));
        const Factors cut = firstComponents(most, 4);
        EXPECT_EQ(cut.left.columns, 4);
        EXPECT_EQ(cut.right.rows, 4);
        EXPECT_LT(squaredNorm(minus(product(few), product(cut))), 1e-16 * squaredNorm(w))
            << method.name;
    }
}

TEST(Randomized, IsNeverBetterThanTheBestAndNearIt) {
    const Matrix w = gaussian(40, 60, 15);
    for (const std::int64_t rank : {1, 8, 20, 40}) {
        const MethodInput input{.weight = w, .rank = rank, .settings = {.seed = 1}};
        const double best = tail(w, rank);
        const Factors factors = randomized(input, engine().algebra({}));
        const double lost = squaredNorm(minus(w, product(factors)));
        EXPECT_GE(lost, best * (1 - 1e-12) - 1e-20 * squaredNorm(w));
        EXPECT_LE(std::sqrt(lost), std::sqrt(best) * 1.05 + 1e-12);
        EXPECT_EQ(randomized(input, engine().algebra({})).left.values, factors.left.values);
    }
}

TEST(Divide, IsTheProductWithTheInverse) {
    const Matrix x = inputs(9, 30, 16);
    const Matrix a = withRidge(times(x, transposed(x)), 0.1);
    const Matrix b = gaussian(4, 9, 17);
    const Matrix quotient = engine().algebra({}).divide(b, a);
    EXPECT_LT(squaredNorm(minus(times(quotient, a), b)), 1e-18 * squaredNorm(b));
    EXPECT_THROW(engine().algebra({}).divide(b, {std::vector<double>(81), 9, 9}), Error);
}

TEST(Methods, AllZeroMomentsStillGiveFactors) {
    const Matrix w = gaussian(6, 8, 18);
    backend::InputMoments moments;
    moments.second = {std::vector<double>(64), 8, 8};
    moments.absolute.assign(8, 0);
    for (const auto method : {&whitened, &diagonal}) {
        const Factors factors =
            method({.weight = w, .rank = 3, .inputs = &moments}, engine().algebra({}));
        for (const double value : product(factors).values) EXPECT_TRUE(std::isfinite(value));
        EXPECT_LE(squaredNorm(product(factors)), squaredNorm(w) * (1 + 1e-12));
    }
}

}  // namespace
}  // namespace rankscope::method
