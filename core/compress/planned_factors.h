// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/progress.h"
#include "core/compress/factor_source.h"

namespace rankscope::compress {

/// unrefinedFactors(), and if the plan asks for a refinement, what that makes of them. Throws Error
/// as requireCalibration() does.
FactorSource factorsOf(const PlannedModel& model, const Progress& progress);

}  // namespace rankscope::compress
