// SPDX-License-Identifier: Apache-2.0
#include "app/cli/planning.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "core/base/own_path.h"
#include "core/compress/activation_spectrum.h"
#include "core/compress/allocation.h"
#include "core/evaluate/measured_plan.h"

namespace rankscope::cli {

namespace {

using compress::PlanOptions;
using Spectra = std::map<std::string, spectra::Spectrum>;
using CalibrationPointer = std::shared_ptr<const compress::Calibration>;

bool isBudget(const PlanOptions& options) {
    return options.target.kind == compress::RankTarget::Kind::Budget;
}

void requireData(const PlanOptions& options, const compress::Calibration* calibration) {
    if (calibration != nullptr) return;
    const auto fail = [](const std::string& what) {
        throw usageError(what +
                         " looks at calibration data: give a file that `calibrate` wrote with "
                         "--calibration.");
    };
    if (compress::methodNamed(options.method).needs != compress::MethodNeeds::Nothing)
        fail(fmt::format("The method \"{}\"", options.method));
    if (options.settings.refit) fail("A refit");
    if (!isBudget(options)) return;
    if (options.allocation == compress::sensitivityName) fail("The allocation sensitivity");
    if (options.allocationError == compress::lossErrorName) fail("--allocation-error loss");
}

/// `auto` where nothing can be measured is the first of allocators().
void settleAllocation(PlanOptions& options, const compress::Calibration* calibration,
                      const Progress& progress) {
    if (options.allocation != compress::autoName ||
        (calibration != nullptr && !calibration->record().heldOut.empty()))
        return;
    options.allocation = compress::allocators().front().name;
    if (calibration != nullptr && isBudget(options))
        progress.warn(
            fmt::format("{} has no held-out dialogues to compare allocations on; {} is taken.",
                        printable(calibration->name(), 1000), options.allocation));
}

bool choosesRidge(const PlanOptions& options, const compress::Calibration* calibration,
                  const Progress& progress) {
    if (!compress::methodNamed(options.method).hasRidge && !options.settings.refit) return false;
    if (calibration != nullptr && !calibration->record().heldOut.empty()) return true;
    progress.warn(
        fmt::format("There are no held-out dialogues to choose the ridge on; {:g} is "
                    "taken.",
                    options.settings.ridge));
    return false;
}

Spectra ofWeights(const ChosenMatrices& chosen, const Context& context) {
    Spectra spectra;
    for (auto& spectrum : spectraOf(chosen, context, true, false).spectra)
        spectra.emplace(spectrum.name(), std::move(spectrum));
    return spectra;
}

/// What the target is turned into ranks by: for a budget of a method that looks at data the errors
/// on activations, else the weights' own spectra; those in the cache where none is needed.
Spectra importance(const ChosenMatrices& chosen, const CalibrationPointer& calibration,
                   const PlanOptions& options, const Context& context) {
    if (!compress::needsSpectra(options))
        return workspace::readCachedSpectra(chosen.checkpoint, context.progress);
    if (!calibration || !isBudget(options) ||
        compress::methodNamed(options.method).needs == compress::MethodNeeds::Nothing)
        return ofWeights(chosen, context);
    const backend::Backend& backend = backend::loadBackend({.threads = context.options.threads});
    return compress::activationSpectra(chosen.checkpoint, chosen.matrices, *calibration,
                                       backend.chooseDevice(context.options.device),
                                       context.options.threads, backend, context.progress);
}

}  // namespace

compress::CompressionPlan planFor(const ChosenMatrices& chosen,
                                  const CalibrationPointer& calibration, PlanOptions options,
                                  bool ridgeGiven, const Context& context) {
    requireData(options, calibration.get());
    settleAllocation(options, calibration.get(), context.progress);
    const bool ridge = !ridgeGiven && choosesRidge(options, calibration.get(), context.progress);
    const bool allocation = isBudget(options) && compress::isMeasured(options.allocation);
    const bool errors = isBudget(options) && options.allocationError == compress::lossErrorName &&
                        options.allocation != compress::sensitivityName;
    const auto simple = [&] {
        return compress::makePlan(chosen.checkpoint, chosen.matrices,
                                  importance(chosen, calibration, options, context), options);
    };
    if (!ridge && !allocation && !errors) return simple();

    const backend::Backend& backend = backend::loadBackend({.threads = context.options.threads});
    const evaluate::MeasuredPlanning planning{
        .checkpoint = chosen.checkpoint,
        .matrices = chosen.matrices,
        .calibration = calibration,
        .device = backend.chooseDevice(context.options.device),
        .threads = context.options.threads,
        .backend = backend,
        .journals = allocation || errors ? cacheFolder() / "sensitivity" : ""};
    if (errors) options.lossWeights = evaluate::lossWeights(planning, options, context.progress);
    compress::CompressionPlan plan;
    if (!allocation)
        plan = simple();
    else if (options.allocation == compress::autoName)
        plan = evaluate::planByBestAllocation(planning, ofWeights(chosen, context), options,
                                              context.progress);
    else
        plan = evaluate::planBySensitivity(planning, {}, options, context.progress);
    plan.calibration = calibration;
    return ridge ? evaluate::withBestRidge(planning, std::move(plan), context.progress) : plan;
}

}  // namespace rankscope::cli
