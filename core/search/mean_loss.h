// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/factor_source.h"
#include "core/method/calibration.h"

namespace rankscope::search {

/// Loss of a model on dialogues that are tokens already: Σ -log p / tokens.
double meanLoss(backend::Seq2Seq& model, std::span<const method::CalibrationExample> examples,
                const Progress& progress);

/// The same of a checkpoint as it is.
double meanLoss(const checkpoint::Checkpoint& checkpoint,
                std::span<const method::CalibrationExample> examples,
                const backend::Compute& compute, const Progress& progress);

/// The same with a plan applied in memory first, every matrix as two factors.
double meanLoss(const compress::PlannedModel& model,
                std::span<const method::CalibrationExample> examples, const Progress& progress);

}  // namespace rankscope::search
