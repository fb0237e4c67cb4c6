// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

/// The document of `plan --json` and back. An error that nothing predicts is not taken from it.
/// Throws Error naming `what` and the entry.
Json toJson(const CompressionPlan& plan);
CompressionPlan planFromJson(const Json& document, const checkpoint::Checkpoint& checkpoint,
                             const std::string& what);

}  // namespace rankscope::plan
