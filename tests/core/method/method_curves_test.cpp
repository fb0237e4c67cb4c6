// SPDX-License-Identifier: Apache-2.0
// The methods' curves against the direct product at each rank, and the identities that hold for
// them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/checkpoint/open_checkpoint.h"
#include "core/method/activation_error.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/method/method_curves.h"
#include "tests/core/method/moments_fixture.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::method {
namespace {

using backend::Factors;

double norm(const Matrix& a) {
    double sum = 0;
    for (const double value : a.values) sum += value * value;
    return std::sqrt(sum);
}

/// ‖(W - L_r R_r) X‖ / ‖W X‖ by multiplying everything out.
double direct(const Matrix& w, const Factors& factors, std::int64_t rank, const Matrix& x) {
    Matrix apart = w;
    if (rank > 0) {
        const Factors cut = firstComponents(factors, rank);
        const Matrix product = times(cut.left, cut.right);
        for (std::size_t i = 0; i < apart.values.size(); ++i) apart.values[i] -= product.values[i];
    }
    return norm(times(apart, x)) / norm(times(w, x));
}

struct Shapes {
    std::int64_t rows, columns, tokens;
};
// Wide, square, tall; with fewer tokens than channels X Xᵀ is singular.
const std::vector<Shapes> shapes = {
    {12, 20, 100}, {16, 16, 60}, {24, 14, 50}, {12, 20, 9}, {24, 14, 6}};

/// Factors of every method at full rank, by name; anchored on unchanged inputs.
std::map<std::string, Factors> allFactors(const Matrix& w, const backend::InputMoments& moments) {
    const std::int64_t full = std::min(w.rows, w.columns);
    backend::GradientMoments gradients;
    const Matrix g = inputs(w.rows, 80, 77);
    gradients.second = times(g, transposed(g));
    for (std::int64_t j = 0; j < w.columns; ++j)
        gradients.columns.push_back(1.0 + static_cast<double>(j % 5));
    const backend::WalkedGroup unshifted{
        {}, moments.tokens, moments.second, moments.second, moments.second, {}};
    const MethodInput input{.weight = w, .rank = full, .inputs = &moments, .gradients = &gradients};
    std::map<std::string, Factors> factors;
    for (const Method& method : methods()) {
        if (method.cutsHeads) continue;  // it has no ranks
        if (method.preview) continue;
        factors[std::string(method.name)] =
            method.factorize != nullptr
                ? method.factorize(input, engine().algebra({}))
                : method.factorizeWalked(input, unshifted, engine().algebra({}));
    }
    return factors;
}

TEST(ActivationErrors, AreThoseOfTheDirectProductAtEveryRankOnSeenAndUnseenInputs) {
    for (const Shapes& shape : shapes) {
        const Matrix w = gaussian(shape.rows, shape.columns, 1);
        const Matrix seen = inputs(shape.columns, shape.tokens, 2);
        const Matrix unseen = inputs(shape.columns, shape.tokens, 20);
        for (const auto& [name, factors] : allFactors(w, momentsOf(seen)))
            for (const Matrix* x : {&seen, &unseen}) {
                const auto errors =
                    activationErrors(w, factors, times(*x, transposed(*x)), engine().algebra({}));
                ASSERT_EQ(errors.size(), static_cast<std::size_t>(factors.left.columns) + 1);
                for (std::int64_t rank = 0; rank <= factors.left.columns; ++rank)
                    EXPECT_NEAR(errors[static_cast<std::size_t>(rank)],
                                direct(w, factors, rank, *x), 3e-7)
                        << name << ' ' << shape.rows << ' ' << shape.tokens << ' ' << rank;
            }
    }
}

TEST(ActivationErrors, OfWhitenedAreTheTailAndNobodyIsBelowThem) {
    for (const Shapes& shape : shapes) {
        const Matrix w = gaussian(shape.rows, shape.columns, 3);
        const Matrix x = inputs(shape.columns, shape.tokens, 4);
        const auto moments = momentsOf(x);
        // The independent source: singular values of W X itself.
        const auto singular = engine().algebra({}).singularValues(times(w, x)).values;
        const auto tail = [&](std::size_t rank) {
            double sum = 0;
            for (std::size_t i = rank; i < singular.size(); ++i) sum += singular[i] * singular[i];
            return std::sqrt(sum) / norm(times(w, x));
        };
        const auto factors = allFactors(w, moments);
        const auto best =
            activationErrors(w, factors.at("whitened"), moments.second, engine().algebra({}));
        for (std::size_t rank = 0; rank < best.size(); ++rank) {
            EXPECT_NEAR(best[rank], tail(rank), 3e-7);
            for (const auto& [name, made] : factors)
                EXPECT_GE(activationErrors(w, made, moments.second, engine().algebra({}))[rank],
                          best[rank] - 3e-7)
                    << name << ' ' << rank;
        }
        for (const auto& [name, made] : factors) {
            const auto errors = activationErrors(w, made, moments.second, engine().algebra({}));
            EXPECT_NEAR(errors.front(), 1, 1e-12) << name;
            if (name == "anchored") continue;
            EXPECT_EQ(errors.back(), 0) << name;
        }
        // A ridge shrinks the result of anchored, so that something is missing even at full rank.
        EXPECT_GT(activationErrors(w, factors.at("anchored"), moments.second, engine().algebra({}))
                      .back(),
                  1e-6);
    }
}

// With inputs that have no direction the error is the Frobenius error of the plain SVD.
TEST(ActivationErrors, OfDirectionlessInputsAreTheCurveOfThePlainSvd) {
    const Matrix w = gaussian(18, 11, 5);
    Matrix identity{std::vector<double>(11 * 11), 11, 11};
    for (std::size_t i = 0; i < 11; ++i) identity.values[i * 12] = 1;
    const auto singular = engine().algebra({}).singularValues(w).values;
    for (const auto method : {&truncatedSvd, &whitened}) {
        backend::InputMoments moments;
        moments.second = identity;
        const Factors factors =
            method({.weight = w, .rank = 11, .inputs = &moments}, engine().algebra({}));
        const auto errors = activationErrors(w, factors, identity, engine().algebra({}));
        for (std::size_t rank = 0; rank <= 11; ++rank) {
            double sum = 0;
            for (std::size_t i = rank; i < 11; ++i) sum += singular[i] * singular[i];
            EXPECT_NEAR(errors[rank], std::sqrt(sum) / norm(w), 1e-9) << rank;
        }
    }
}

// By hand: W = diag(3, 1), G = diag(1, 100). svd keeps the 3 first: left is 1 · 100 of 9 + 100;
// whitened keeps the 1 first: left is 9 of 109.
TEST(ActivationErrors, ByHand) {
    const Matrix w{{3, 0, 0, 1}, 2, 2};
    backend::InputMoments moments;
    moments.second = {{1, 0, 0, 100}, 2, 2};
    const auto first = [&](auto method) {
        return activationErrors(
            w, method({.weight = w, .rank = 2, .inputs = &moments}, engine().algebra({})),
            moments.second, engine().algebra({}))[1];
    };
    EXPECT_NEAR(first(&truncatedSvd), std::sqrt(100.0 / 109), 1e-12);
    EXPECT_NEAR(first(&whitened), std::sqrt(9.0 / 109), 1e-12);
}

TEST(ActivationErrors, WhereNothingComesOutNothingIsLost) {
    const Matrix w = gaussian(4, 5, 6);
    const Matrix zero{std::vector<double>(25), 5, 5};
    const Factors factors = truncatedSvd({.weight = w, .rank = 4}, engine().algebra({}));
    EXPECT_THAT(activationErrors(w, factors, zero, engine().algebra({})), testing::Each(0.0));
    EXPECT_EQ(activationError(w, factors, zero, engine().algebra({})), 0);
}

TEST(ExcessError, IsAShareOfTheLeastErrorOrNothingWhereThatIsRounding) {
    EXPECT_NEAR(*excessError(0.3, 0.25), 0.2, 1e-12);
    EXPECT_FALSE(excessError(1e-9, 1e-9));
    EXPECT_FALSE(excessError(0, 0));
}

constexpr std::int64_t in = 32, out = 24;  // of the tiny T5's q

/// Moments made up for its input.
class MadeUp : public Calibration {
 public:
    MadeUp(bool gradients, bool heldOut) {
        m_record.gradients = gradients;
        m_record.examples.resize(3);
        m_record.heldOut.resize(heldOut ? 2 : 0);
    }
    const CalibrationRecord& record() const override { return m_record; }
    std::string name() const override { return "made-up.h5"; }
    backend::InputMoments inputs(const std::string&, bool heldOut) const override {
        return momentsOf(rankscope::method::inputs(in, 200, heldOut ? 31 : 30));
    }
    backend::GradientMoments gradients(const std::string&) const override {
        backend::GradientMoments moments;
        const Matrix g = rankscope::method::inputs(out, 50, 40);
        moments.second = times(g, transposed(g));
        moments.columns.assign(in, 1.0);
        return moments;
    }

 private:
    CalibrationRecord m_record;
};

class Warnings : public Progress {
 public:
    void warn(std::string_view sentence) const override { sentences.emplace_back(sentence); }
    mutable std::vector<std::string> sentences;
};

class MethodCurvesTest : public testing::Test {
 protected:
    std::vector<MethodCurve> run(
        const Calibration& calibration, std::vector<std::string> names,
        const char* name = "encoder.block.0.layer.0.SelfAttention.q.weight") {
        const auto* matrix = checkpoint.findMatrix(name);
        MethodCurvesOptions options;
        options.methods = std::move(names);
        options.ranks = [](std::int64_t full) {
            std::vector<std::int64_t> ranks;
            for (std::int64_t rank = 0; rank <= full; ++rank) ranks.push_back(rank);
            return ranks;
        };
        const backend::Compute compute{engine()};
        const std::shared_ptr<const Calibration> borrowed(std::shared_ptr<void>(), &calibration);
        return methodCurves({checkpoint, std::span(matrix, 1), borrowed, compute}, options,
                            warnings);
    }
    fixtures::TempFolder folder;
    checkpoint::Checkpoint checkpoint =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "tiny").string());
    Warnings warnings;
};

TEST_F(MethodCurvesTest, EveryMethodRunsInTheOrderOfTheTable) {
    const auto curves = run(MadeUp(true, true), {});
    ASSERT_EQ(curves.size(), methods().size() - 1);  // slim, the last one, has no ranks
    for (std::size_t i = 0; i < curves.size(); ++i) {
        EXPECT_EQ(curves[i].method, methods()[i].name);
        EXPECT_EQ(curves[i].activationError.size(), curves[i].ranks.size());
        EXPECT_EQ(curves[i].heldOutError.size(), curves[i].ranks.size());
        EXPECT_EQ(curves[i].ranks.front(), 0);
        EXPECT_EQ(curves[i].ranks.back(), out);
        EXPECT_EQ(curves[i].excessError.empty(), !methods()[i].preview);
    }
    EXPECT_TRUE(warnings.sentences.empty());
}

TEST(PreviewRanks, AreAllOfASmallMatrixAndSixteenOfALargeOne) {
    std::vector<std::int64_t> ranks;
    for (std::int64_t rank = 0; rank <= 1024; ++rank) ranks.push_back(rank);
    EXPECT_EQ(previewRanks(ranks, 96, 192), ranks);
    const auto few = previewRanks(ranks, 1024, 4096);
    EXPECT_EQ(few.size(), 16U);
    EXPECT_EQ(few.front(), 0);
    EXPECT_EQ(few.back(), 1024);
    EXPECT_TRUE(std::ranges::is_sorted(few));
    EXPECT_EQ(previewRanks({7}, 4096, 4096), std::vector<std::int64_t>{7});
}

// A preview is made again at each rank: no better than svd, and not just svd.
TEST_F(MethodCurvesTest, APreviewShowsItsExcess) {
    const auto curves = run(MadeUp(false, false), {"svd", "randomized"});
    ASSERT_EQ(curves.size(), 2U);
    const MethodCurve& preview = curves[1];
    EXPECT_NEAR(*preview.excessError.front(), 0, 1e-12);  // rank 0: both keep nothing
    EXPECT_FALSE(preview.excessError.back());             // full rank: nothing over nothing
    double largest = 0;
    for (const auto& excess : preview.excessError)
        if (excess) {
            EXPECT_GT(*excess, -1e-9);
            largest = std::max(largest, *excess);
        }
    EXPECT_GT(largest, 1e-9);
    EXPECT_LT(largest, 0.1);
    EXPECT_TRUE(curves[0].heldOutError.empty());
}

TEST_F(MethodCurvesTest, MethodsWithoutTheirGradientsAreLeftOutAndNamed) {
    const auto curves = run(MadeUp(false, true), {});
    EXPECT_EQ(curves.size(), methods().size() - 3);  // nor is slim there
    ASSERT_EQ(warnings.sentences.size(), 1U);
    EXPECT_THAT(warnings.sentences[0], testing::HasSubstr("fisher and fisher2 need gradients"));
    EXPECT_THAT(warnings.sentences[0], testing::HasSubstr("made-up.h5"));
    EXPECT_THROW(run(MadeUp(false, true), {"fisher"}), Error);
    EXPECT_THROW(run(MadeUp(true, true), {"magic"}), Error);
}

TEST_F(MethodCurvesTest, TheHeadHasNoGradientsAndAnEmbeddingNoInputs) {
    const auto curves = run(MadeUp(true, true), {"svd", "fisher2"}, "lm_head.weight");
    ASSERT_EQ(curves.size(), 1U);
    EXPECT_EQ(curves[0].method, "svd");
    ASSERT_EQ(warnings.sentences.size(), 1U);
    EXPECT_THAT(warnings.sentences[0], testing::HasSubstr("lm_head.weight"));
    EXPECT_THROW(run(MadeUp(true, true), {"svd"}, "shared.weight"), Error);
}

}  // namespace
}  // namespace rankscope::method
