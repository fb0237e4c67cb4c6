// SPDX-License-Identifier: Apache-2.0
#include "core/search/pareto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/compress/factor_source.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/evaluate/evaluation.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::search {
namespace {

ParetoPoint point(std::int64_t parameters, double loss) {
    ParetoPoint made;
    made.parameters = parameters;
    made.loss = loss;
    return made;
}

TEST(MarkFront, KeepsWhatNoOtherPointBeats) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    // 2: beaten by 1 with fewer parameters; 3: equal to 1, so neither beats the other; 4: no loss.
    std::vector<ParetoPoint> points = {point(10, 3), point(20, 2),  point(30, 2.5),
                                       point(20, 2), point(5, nan), point(40, 1)};
    markFront(points);
    std::vector<bool> front;
    for (const ParetoPoint& one : points) front.push_back(one.onFront);
    EXPECT_EQ(front, (std::vector<bool>{true, true, false, true, false, true}));
}

TEST(ParetoJson, ComesBackAsItWas) {
    ParetoFront front;
    front.denseParameters = 100;
    front.denseLoss = 0.5;
    front.denseRouge = RougeMeans{40, 20, 30, 35};
    front.data = "/data/test.json";
    front.dialogues = 7;
    front.points = {point(80, 0.75), point(60, std::numeric_limits<double>::quiet_NaN())};
    front.points[0].method = "svd";
    front.points[0].allocation = "uniform";
    front.points[0].budget = 0.8;
    front.points[0].onFront = true;
    front.points[0].rouge = RougeMeans{1, 2, 3, 4};
    front.skipped = {"Too little."};
    const Json document = toJson(front);
    EXPECT_TRUE(document["points"][1]["loss"].is_null());
    const ParetoFront back = frontFromJson(document, nullptr, "f");
    EXPECT_EQ(toJson(back), document);
    EXPECT_TRUE(std::isnan(back.points[1].loss));
    EXPECT_THROW(frontFromJson(Json{{"points", 1}}, nullptr, "f"), Error);
}

/// W' that a layer's stored numbers stand for, whatever the form.
Matrix rebuilt(const backend::LayerWeights& weights) {
    const auto matrix = [](const backend::Tensor& tensor) {
        return Matrix{toFloat64(tensor.dtype, tensor.bytes), tensor.shape[0], tensor.shape[1]};
    };
    const auto product = [](const Matrix& a, const Matrix& b) {
        Matrix c{std::vector<double>(static_cast<std::size_t>(a.rows * b.columns)), a.rows,
                 b.columns};
        for (std::int64_t i = 0; i < a.rows; ++i)
            for (std::int64_t k = 0; k < a.columns; ++k)
                for (std::int64_t j = 0; j < b.columns; ++j)
                    c.values[static_cast<std::size_t>(i * b.columns + j)] +=
                        a.values[static_cast<std::size_t>(i * a.columns + k)] *
                        b.values[static_cast<std::size_t>(k * b.columns + j)];
        return c;
    };
    if (!weights.dense.bytes.empty()) return matrix(weights.dense);
    const Matrix down = matrix(weights.down);
    if (!weights.up.bytes.empty()) return product(matrix(weights.up), down);
    const Matrix mixed = product(matrix(weights.mix), down);
    Matrix whole{std::vector<double>(weights.rows.size() * static_cast<std::size_t>(down.columns)),
                 static_cast<std::int64_t>(weights.rows.size()), down.columns};
    for (std::int64_t i = 0; i < whole.rows; ++i) {
        const Matrix& from = i < down.rows ? down : mixed;
        const std::int64_t row = i < down.rows ? i : i - down.rows;
        std::copy_n(
            from.values.begin() + row * down.columns, down.columns,
            whole.values.begin() + weights.rows[static_cast<std::size_t>(i)] * down.columns);
    }
    return whole;
}

TEST(PlannedWeights, AreTheSameAsTwoFactorsInAnyStorage) {
    const auto demo = checkpoint::openCheckpoint(DEMO_FOLDER);
    const auto chosen = checkpoint::selectMatrices(demo.matrices(), {"q,wi_0", {}});
    const backend::Backend& backend = backend::loadBackend({});
    for (const auto storage : {plan::StorageChoice::Pivoted, plan::StorageChoice::Dense,
                               plan::StorageChoice::Factored}) {
        plan::PlanOptions how;
        how.target = {plan::RankTarget::Kind::Rank, 20};
        how.storage = storage;
        const plan::CompressionPlan plan = plan::makePlan(demo, chosen, {}, how);
        const backend::Compute compute{backend};
        const compress::PlannedModel model{demo, plan, nullptr, compute};
        const auto factors = compress::factorsOf(model, Progress());
        const compress::PlannedWeights exact(model, factors, compress::PlannedForm::AsStored);
        auto known = std::make_shared<compress::FullRankFactors>();
        for (const auto& matrix : chosen)
            known->emplace(matrix.name,
                           compute.algebra().truncatedSvd(demo.readMatrix(matrix), 40));
        const compress::PlannedModel cut{demo, plan, nullptr, compute, known};
        const auto cutFactors = compress::factorsOf(cut, Progress());
        const compress::PlannedWeights quick(cut, cutFactors, compress::PlannedForm::TwoFactors);
        for (const auto& matrix : chosen) {
            const backend::LayerWeights weights = quick.matrix(matrix.module());
            EXPECT_EQ(weights.down.shape, (Shape{20, matrix.columns}));
            const Matrix a = rebuilt(exact.matrix(matrix.module()));
            const Matrix b = rebuilt(weights);
            double apart = 0, norm = 0;
            for (std::size_t i = 0; i < a.values.size(); ++i) {
                apart += std::pow(a.values[i] - b.values[i], 2);
                norm += std::pow(a.values[i], 2);
            }
            EXPECT_LT(std::sqrt(apart / norm), 1e-5) << matrix.name;
        }
        // Matrices outside the plan are the checkpoint's own.
        EXPECT_EQ(quick.matrix("encoder.block.0.layer.0.SelfAttention.k").dense.bytes,
                  model::CheckpointWeights(demo)
                      .matrix("encoder.block.0.layer.0.SelfAttention.k")
                      .dense.bytes);
    }
}

}  // namespace
}  // namespace rankscope::search
