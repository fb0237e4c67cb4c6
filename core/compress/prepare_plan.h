// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// Makes the factors of methods that need the model compressed so far (`anchored`) and puts them
/// into plan.prepared; does nothing for other plans. The original and the compressed model walk
/// side by side over the calibration's examples, encoder first; see docs/methods.md "Anchored".
/// Throws Error of kind Usage where the plan has no calibration.
void preparePlan(plan::CompressionPlan& plan, const checkpoint::Checkpoint& checkpoint,
                 const backend::Device& device, const backend::Backend& backend,
                 const Progress& progress);

}  // namespace rankscope::compress
