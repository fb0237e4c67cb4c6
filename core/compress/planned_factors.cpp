// SPDX-License-Identifier: Apache-2.0
#include "core/compress/planned_factors.h"

#include "core/compress/refine.h"

namespace rankscope::compress {

FactorSource factorsOf(const PlannedModel& model, const Progress& progress) {
    if (!model.plan.settings.refine) return unrefinedFactors(model, progress);
    requireCalibration(model.plan, model.calibration);
    FactorSource source = unrefinedFactors(model, PartProgress(progress, 0, 0.1));
    source.refineTo(refinedWeights(model, source, PartProgress(progress, 0.1, 1)));
    return source;
}

}  // namespace rankscope::compress
