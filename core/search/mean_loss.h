// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/plan/plan.h"

namespace rankscope::search {

/// Loss of a model on dialogues that are tokens already: Σ -log p / tokens.
double meanLoss(backend::Seq2Seq& model, std::span<const method::CalibrationExample> examples,
                const Progress& progress);

/// The same of a checkpoint, with a plan (null: none) applied in memory first: from the plan's
/// prepared factors where it has some, see PreparedWeights.
double meanLoss(const checkpoint::Checkpoint& checkpoint, const plan::CompressionPlan* plan,
                std::span<const method::CalibrationExample> examples, const backend::Device& device,
                const backend::Backend& backend, const Progress& progress);

}  // namespace rankscope::search
