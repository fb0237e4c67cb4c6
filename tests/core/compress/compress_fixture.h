// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/checkpoint/selection.h"
#include "core/compress/compress.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::compress {

/// A tiny model on disk and everything needed to compress it.
class CompressTest : public ::testing::Test {
 protected:
    checkpoint::Checkpoint make(const fixtures::TinyT5& model = {}) {
        fixtures::writeTinyT5(folder / "source", model);
        return checkpoint::openCheckpoint((folder / "source").string());
    }

    static plan::CompressionPlan planFor(const checkpoint::Checkpoint& source,
                                         plan::StorageChoice storage, std::int64_t rank,
                                         const std::string& targets = "all") {
        plan::PlanOptions options;
        options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(rank)};
        options.storage = storage;
        return plan::makePlan(source, checkpoint::selectMatrices(source.matrices(), {targets, ""}),
                              {}, options);
    }

    CompressOptions into(const std::string& name) {
        CompressOptions options;
        options.target = folder / name;
        return options;
    }

    static const backend::Backend& engine() { return backend::loadBackend({}); }

    /// compress() on two threads, or as many as given.
    static CompressResult save(const checkpoint::Checkpoint& source,
                               const plan::CompressionPlan& plan, const CompressOptions& options,
                               const Progress& progress, int threads = 2) {
        const backend::Compute compute{engine(), {}, threads};
        return compress({source, plan, nullptr, compute}, options, progress);
    }

    /// Names in the test's folder, sorted: anything that a failed save left would show here.
    std::vector<std::string> beside() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    fixtures::TempFolder folder;
    Progress quiet;
};

}  // namespace rankscope::compress
