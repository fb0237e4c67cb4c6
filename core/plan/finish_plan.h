// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/checkpoint/checkpoint.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

/// Counts the whole model's parameters and writes the warnings again.
void finishPlan(const checkpoint::Checkpoint& checkpoint, CompressionPlan& plan);

}  // namespace rankscope::plan
