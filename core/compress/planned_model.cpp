// SPDX-License-Identifier: Apache-2.0
#include "core/compress/planned_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/method/method.h"

namespace rankscope::compress {

using method::Method;
using plan::PlanEntry;

void requireOutputs(const Method& method, const checkpoint::WeightMatrix& matrix) {
    if (method.looksAtOutputs && matrix.role == checkpoint::Role::Head)
        throw usageError(
            fmt::format("The method \"{}\" needs gradients of outputs, and those of {} are not "
                        "collected, since there are too many: leave it out with --exclude head, or "
                        "choose another method.",
                        method.name, printable(matrix.name)));
}

bool usesRidge(const plan::CompressionPlan& plan) {
    return plan.settings.refit || std::ranges::any_of(plan.entries, [](const PlanEntry& entry) {
               return !entry.kept && method::methodNamed(entry.method).hasRidge;
           });
}

void requireRefinable(const method::Calibration* calibration) {
    if (calibration == nullptr) throw method::calibrationMissing("--refine");
    if (calibration->record().heldOut.empty())
        throw usageError(fmt::format("--refine chooses by held-out dialogues, and {} has none; run "
                                     "`calibrate` with --held-out 1 or more.",
                                     printable(calibration->name(), 1000)),
                         calibration->name());
}

void requireCalibration(const plan::CompressionPlan& plan, const method::Calibration* calibration) {
    if (plan.settings.refine) requireRefinable(calibration);
    if (plan.settings.refit)
        method::requireCalibration(method::methods().front(), plan.settings, calibration);
    for (const PlanEntry& entry : plan.entries) {
        if (entry.kept) continue;
        const Method& method = method::methodNamed(entry.method);
        method::requireCalibration(method, plan.settings, calibration);
        requireOutputs(method, entry.matrix);
    }
}

}  // namespace rankscope::compress
