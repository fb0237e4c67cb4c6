// SPDX-License-Identifier: Apache-2.0
#include "core/compress/layer_factors.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/method/method.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

namespace {

void requireCalibrationFor(const plan::PlanEntry& entry, const plan::CompressionPlan& plan) {
    const method::Method& method = method::methodNamed(entry.method);
    if (method.needs == method::MethodNeeds::Nothing) return;
    if (!plan.calibration)
        throw usageError(
            fmt::format("The method \"{}\" looks at calibration data: give a file that "
                        "`calibrate` wrote with --calibration.",
                        method.name));
    if (method.needs == method::MethodNeeds::Gradients && !plan.calibration->record().gradients)
        throw usageError(
            fmt::format("The method \"{}\" needs gradients, which {} does not have; run "
                        "`calibrate` with --fisher.",
                        method.name, printable(plan.calibration->name(), 1000)));
    if (method.looksAtOutputs && entry.matrix.role == checkpoint::Role::Head)
        throw usageError(
            fmt::format("The method \"{}\" looks at gradients of outputs, and those of {} are not "
                        "collected, since there are too many: leave it out with --exclude head, or "
                        "choose another method.",
                        method.name, printable(entry.matrix.name)));
}

}  // namespace

bool usesRidge(const plan::CompressionPlan& plan) {
    return plan.settings.refit ||
           std::ranges::any_of(plan.entries, [](const plan::PlanEntry& entry) {
               return !entry.kept && method::methodNamed(entry.method).hasRidge;
           });
}

void requireCalibration(const plan::CompressionPlan& plan) {
    if (plan.settings.refit && !plan.calibration)
        throw usageError(
            "A refit looks at calibration data: give a file that `calibrate` wrote with "
            "--calibration.");
    for (const plan::PlanEntry& entry : plan.entries)
        if (!entry.kept) requireCalibrationFor(entry, plan);
}

std::optional<backend::Factors> preparedFactors(const plan::CompressionPlan& plan,
                                                const plan::PlanEntry& entry) {
    if (!plan.prepared) return std::nullopt;
    const auto found = plan.prepared->find(entry.matrix.name);
    if (found == plan.prepared->end() || found->second.left.columns < entry.rank)
        return std::nullopt;
    return method::firstComponents(found->second, entry.rank);
}

backend::Factors layerFactors(const plan::CompressionPlan& plan, const plan::PlanEntry& entry,
                              const Matrix& weight, const backend::Device& device,
                              const backend::Backend& backend) {
    if (auto prepared = preparedFactors(plan, entry)) return *std::move(prepared);
    const method::Method& method = method::methodNamed(entry.method);
    requireCalibrationFor(entry, plan);
    if (method.factorize == nullptr)
        throw Error(fmt::format("The factors of {} by \"{}\" have not been prepared.",
                                printable(entry.matrix.name), method.name),
                    entry.matrix.name);
    method::MethodInput input{.weight = weight, .rank = entry.rank, .settings = plan.settings};
    std::optional<backend::InputMoments> inputs;
    std::optional<backend::GradientMoments> gradients;
    if (method.needs != method::MethodNeeds::Nothing) {
        inputs = plan.calibration->inputs(entry.matrix.module(), false);
        input.inputs = &*inputs;
    }
    if (method.needs == method::MethodNeeds::Gradients) {
        gradients = plan.calibration->gradients(entry.matrix.module());
        input.gradients = &*gradients;
    }
    return method.factorize(input, device, backend);
}

}  // namespace rankscope::compress
