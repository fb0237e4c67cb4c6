// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/own_path.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/selection.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope {

/// The GPU's results against the CPU's. Without a GPU every test skips and says so.
class Cuda : public testing::Test {
 protected:
    void SetUp() override {
        const backend::BackendInfo info = backend().info();
        if (info.gpus.empty()) GTEST_SKIP() << "no GPU: " << info.cudaReason;
    }

    static const backend::Backend& backend() { return backend::loadBackend({}); }
    static backend::Device gpu() { return backend().chooseDevice("cuda"); }

    static checkpoint::Checkpoint demo() {
        return checkpoint::openCheckpoint(sharedResource("demo").string());
    }
    static std::unique_ptr<backend::Seq2Seq> model(const checkpoint::Checkpoint& checkpoint,
                                                   const backend::WeightSource& weights,
                                                   const backend::Seq2SeqOptions& options) {
        return backend().openSeq2Seq(checkpoint.config(), weights, options, {});
    }
    static std::unique_ptr<backend::Seq2Seq> model(const checkpoint::Checkpoint& checkpoint,
                                                   const backend::Seq2SeqOptions& options) {
        return model(checkpoint, model::CheckpointWeights(checkpoint), options);
    }

    /// All matrices that `targets` names at this rank.
    static plan::CompressionPlan planOf(const checkpoint::Checkpoint& checkpoint,
                                        const std::string& targets, std::int64_t rank,
                                        plan::StorageChoice storage) {
        plan::PlanOptions options;
        options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(rank)};
        options.storage = storage;
        return plan::makePlan(checkpoint,
                              checkpoint::selectMatrices(checkpoint.matrices(), {targets, ""}), {},
                              options);
    }

    /// Sources of unequal length in ids below `vocabulary`.
    static std::vector<backend::TokenIds> sources(std::int64_t vocabulary = 900) {
        std::vector<backend::TokenIds> rows;
        for (int row = 0; row < 3; ++row) {
            backend::TokenIds ids;
            for (int i = 0; i < 9 + 17 * row; ++i)
                ids.push_back(
                    static_cast<std::int32_t>(3 + (37 * i + 101 * row) % (vocabulary - 3)));
            ids.push_back(1);
            rows.push_back(ids);
        }
        return rows;
    }

    /// Seeded numbers in [-1, 1) whose columns get smaller: full rank, no two sizes alike.
    static Matrix randomMatrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
        Matrix matrix{std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
        for (std::size_t i = 0; i < matrix.values.size(); ++i) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            const auto column = static_cast<double>(i % static_cast<std::size_t>(columns));
            matrix.values[i] =
                (static_cast<double>(seed >> 40U) * 0x1p-23 - 1) / (1 + 0.1 * column);
        }
        return matrix;
    }

    /// Largest |a - b| over the largest |b|; infinite if shapes differ or a value is NaN.
    template <typename Values>
    static double apart(const Values& a, const Values& b) {
        if (a.size() != b.size()) return INFINITY;
        double largest = 0, scale = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            const double difference = std::abs(static_cast<double>(a[i] - b[i]));
            if (std::isnan(difference)) return INFINITY;
            largest = std::max(largest, difference);
            scale = std::max(scale, std::abs(static_cast<double>(b[i])));
        }
        return largest == 0 ? 0 : largest / scale;
    }
};

}  // namespace rankscope
