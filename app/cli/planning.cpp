// SPDX-License-Identifier: Apache-2.0
#include "app/cli/planning.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/own_path.h"
#include "core/method/activation_spectrum.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/allocation.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/slim_plan.h"
#include "core/search/measured_plan.h"

namespace rankscope::cli {

namespace {

using plan::PlanOptions;
using Spectra = std::map<std::string, spectra::Spectrum>;
using CalibrationPointer = std::shared_ptr<const method::Calibration>;

bool isBudget(const PlanOptions& options) {
    return options.target.kind == plan::RankTarget::Kind::Budget;
}

/// Slim fits o and wo to what the calibration has seen: if that is less than a layer is wide, and
/// no dialogues are held out to choose by, a larger ridge keeps them nearer to their cut.
void settleRidge(PlanOptions& options, const method::Calibration* calibration,
                 const Progress& progress) {
    constexpr double ridgeOfFewTokens = 0.1;
    if (calibration == nullptr || !method::methodNamed(options.method).cutsHeads ||
        !calibration->record().heldOut.empty() || calibration->record().warnings.empty())
        return;
    options.settings.ridge = ridgeOfFewTokens;
    progress.warn(
        fmt::format("{} has layers with fewer tokens than they are wide, so slim's ridge "
                    "is {:g}; more dialogues, or --ridge, change that.",
                    printable(calibration->name(), 1000), ridgeOfFewTokens));
}

/// `auto` is allocationUnmeasured() if nothing can be measured.
void settleAllocation(PlanOptions& options, const method::Calibration* calibration,
                      const Progress& progress) {
    if (options.allocation != plan::autoName ||
        (calibration != nullptr && !calibration->record().heldOut.empty()))
        return;
    options.allocation = plan::allocationUnmeasured(options);
    if (calibration != nullptr && isBudget(options))
        progress.warn(
            fmt::format("{} has no held-out dialogues to compare allocations on; {} is taken.",
                        printable(calibration->name(), 1000), options.allocation));
}

Spectra ofWeights(const ChosenMatrices& chosen, const Context& context) {
    Spectra spectra;
    for (auto& spectrum : spectraOf(chosen, context, true, false).spectra)
        spectra.emplace(spectrum.name(), std::move(spectrum));
    return spectra;
}

/// The errors that turn the target into ranks: for a budget of a method that looks at data the
/// errors on activations, else the weights' own spectra; those in the cache if none is needed.
Spectra importance(const ChosenMatrices& chosen, const CalibrationPointer& calibration,
                   const PlanOptions& options, const Context& context) {
    if (!plan::needsSpectra(options))
        return workspace::readCachedSpectra(chosen.checkpoint, context.progress);
    if (!calibration || !isBudget(options) ||
        method::methodNamed(options.method).needs == method::MethodNeeds::Nothing)
        return ofWeights(chosen, context);
    const backend::Compute compute = loadCompute(context);
    return method::activationSpectra({chosen.checkpoint, chosen.matrices, calibration, compute},
                                     context.progress);
}

}  // namespace

std::filesystem::path sensitivityJournals() { return cacheFolder() / "sensitivity"; }

plan::CompressionPlan planFor(const ChosenMatrices& chosen, const CalibrationPointer& calibration,
                              PlanOptions options, bool ridgeGiven, const Context& context) {
    method::requireCalibration(method::methodNamed(options.method), options.settings,
                               calibration.get());
    settleAllocation(options, calibration.get(), context.progress);
    search::requireDialogues(options, calibration.get());
    if (!ridgeGiven) settleRidge(options, calibration.get(), context.progress);
    const bool ridge =
        !ridgeGiven && search::canChooseRidge(options, calibration.get(), context.progress);
    const auto spectra = importance(chosen, calibration, options, context);
    if (!search::isMeasured(options, ridge))
        return plan::makePlan(chosen.checkpoint, chosen.matrices, spectra, options);
    const backend::Compute compute = loadCompute(context);
    const method::CalibratedModel model{chosen.checkpoint, chosen.matrices, calibration, compute};
    const search::MeasuredPlanning planning{
        .model = model,
        .journals = search::isMeasured(options, false) ? sensitivityJournals() : ""};
    return search::measuredPlan(planning, spectra, std::move(options), ridge, context.progress);
}

}  // namespace rankscope::cli
