// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/compress/factor_source.h"
#include "core/compress/planned_model.h"
#include "core/compress/refined_weights.h"

namespace rankscope::compress {

/// Trains the model that `start` makes of the plan, block by block (docs/methods/refine.md), with
/// the calibration's dialogues; the held-out ones choose. A block in which a number became infinite
/// or NaN is left as it was, with a warning.
std::shared_ptr<const RefinedWeights> refinedWeights(const PlannedModel& model,
                                                     const FactorSource& start,
                                                     const Progress& progress);

/// One object for each block: its losses on the held-out dialogues and the pass that was taken.
Json toJson(const std::vector<BlockLosses>& blocks);

}  // namespace rankscope::compress
