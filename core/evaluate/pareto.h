// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/calibration.h"
#include "core/compress/plan.h"
#include "core/spectra/spectrum.h"

namespace rankscope::evaluate {

struct ParetoOptions {
    std::vector<double> budgets;           ///< kept shares of the whole model's parameters
    std::vector<std::string> methods;      ///< as in --method
    std::vector<std::string> allocations;  ///< as in --allocation
    compress::PlanOptions plan;            ///< storage, multipleOf, minRank, settings
    backend::Device device;
    int threads = 0;  ///< matrices factored at once; 0: all cores
};

/// One setting and what it costs.
struct ParetoPoint {
    std::string method, allocation;
    double budget = 0;
    std::int64_t parameters = 0;  ///< of the whole model, really stored
    double loss = 0;              ///< mean over the tokens of the held-out dialogues; may be NaN
    bool onFront = false;         ///< no other point stores as little and loses less
    compress::CompressionPlan plan;
};

struct ParetoFront {
    std::int64_t denseParameters = 0;
    double denseLoss = 0;
    std::vector<ParetoPoint> points;   ///< method by method, allocation by allocation
    std::vector<std::string> skipped;  ///< settings whose budget cannot be paid, a sentence each
};

/// Loss of a model on dialogues that are tokens already: Σ -log p / tokens. With a plan it is
/// compressed in memory first.
double meanLoss(const checkpoint::Checkpoint& checkpoint, const compress::CompressionPlan* plan,
                std::span<const compress::CalibrationExample> examples,
                const backend::Device& device, const backend::Backend& backend,
                const Progress& progress);

/// Measures every method under every allocation and budget on the calibration's held-out dialogues.
/// Each matrix is factored once a method, at full rank, and cut for every budget; only `anchored`,
/// whose factors depend on the ranks before them, is made anew. `spectra` are the weights' own.
/// Throws Error of kind Usage where the calibration has no held-out dialogues.
ParetoFront paretoFront(const checkpoint::Checkpoint& checkpoint,
                        std::span<const checkpoint::WeightMatrix> matrices,
                        const std::map<std::string, spectra::Spectrum>& spectra,
                        const std::shared_ptr<const compress::Calibration>& calibration,
                        const ParetoOptions& options, const backend::Backend& backend,
                        const Progress& progress);

/// Marks the points that no other one beats: none with as few parameters has a smaller loss.
void markFront(std::vector<ParetoPoint>& points);

Json toJson(const ParetoFront& front);

}  // namespace rankscope::evaluate
