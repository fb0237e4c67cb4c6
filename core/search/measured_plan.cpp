// SPDX-License-Identifier: Apache-2.0
#include "core/search/measured_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/journal.h"
#include "core/base/progress.h"
#include "core/compress/factor_source.h"
#include "core/method/activation_spectrum.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/method/slim.h"
#include "core/plan/allocation.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/slim_plan.h"
#include "core/search/loss_gradients.h"
#include "core/search/mean_loss.h"
#include "core/search/sensitivity.h"

namespace rankscope::search {

using method::MethodNeeds;
using plan::CompressionPlan;
using plan::PlanOptions;
using plan::TriedSetting;

namespace {

using Spectra = std::map<std::string, spectra::Spectrum>;

constexpr std::array ridges = {1e-3, 1e-2, 1e-1, 1.0};
constexpr std::size_t mostSearched = 128;       // dialogues of a search, the first ones
constexpr std::size_t mostLossesForAuto = 500;  // yet to be measured, for the search to take part

using Dialogues = std::span<const method::CalibrationExample>;

Dialogues searched(const MeasuredPlanning& planning) {
    const Dialogues all = planning.model.calibration->record().examples;
    return all.first(std::min(all.size(), mostSearched));
}

double lossOn(Dialogues dialogues, const MeasuredPlanning& planning, const CompressionPlan& plan,
              const Progress& progress) {
    CompressionPlan measured = plan;
    measured.settings.refine = false;  // only the plan that is taken is refined
    return meanLoss({planning.model.checkpoint, measured, planning.model.calibration.get(),
                     planning.model.compute, planning.known, planning.slimErrors},
                    dialogues, SilentProgress(progress));
}

double heldOutLoss(const MeasuredPlanning& planning, const CompressionPlan& plan,
                   const Progress& progress) {
    return lossOn(planning.model.calibration->record().heldOut, planning, plan, progress);
}

/// The method that stands in for one whose factors depend on what is compressed before.
std::string withoutWalk(const std::string& method) {
    return method::methodNamed(method).needs == MethodNeeds::Walk ? "whitened" : method;
}

/// The least loss first; what has none last.
bool losesLess(const TriedSetting& a, const TriedSetting& b) {
    return (std::isfinite(a.loss) ? a.loss : INFINITY) <
           (std::isfinite(b.loss) ? b.loss : INFINITY);
}

void requireHeldOut(const method::Calibration& calibration, const std::string& what) {
    if (calibration.record().heldOut.empty())
        throw usageError(fmt::format("{} measures on held-out dialogues, and {} has none; run "
                                     "`calibrate` with --held-out 1 or more.",
                                     what, printable(calibration.name(), 1000)),
                         calibration.name());
}

bool isBudget(const PlanOptions& options) {
    return options.target.kind == plan::RankTarget::Kind::Budget;
}

/// The errors on activations: those known, else computed.
Spectra activationsOf(const MeasuredPlanning& planning, const Progress& progress) {
    if (planning.onActivations != nullptr) return *planning.onActivations;
    return method::activationSpectra(planning.model, SilentProgress(progress));
}

bool cutsHeads(const PlanOptions& options) { return method::methodNamed(options.method).cutsHeads; }

/// The options that need the loss of plans, as words; empty if none does.
std::string whatIsMeasured(const PlanOptions& options) {
    if (!isBudget(options)) return {};
    if (plan::isMeasured(options.allocation)) return "The allocation " + options.allocation;
    return options.allocationError == plan::lossErrorName ? "Weighing errors by the loss" : "";
}

/// Besides the matrices, everything that a search's losses depend on (SensitivityOptions::key).
Json sensitivityKey(const MeasuredPlanning& planning, const PlanOptions& options) {
    const method::CalibrationRecord& record = planning.model.calibration->record();
    Json dialogues = Json::array();
    for (const method::CalibrationExample& example : searched(planning))
        dialogues.push_back(example.id);
    return {{"model", record.contentHash},
            {"data", record.dataHash},
            {"examples", record.examples.size()},
            {"dialogues", std::move(dialogues)},
            {"seed", record.seed},
            {"prefix", record.prefix},
            {"method", withoutWalk(options.method)},
            {"alpha", options.settings.alpha},
            {"ridge", options.settings.ridge}};
}

SensitivityOptions searchOf(const MeasuredPlanning& planning, const PlanOptions& options) {
    SensitivityOptions search;
    search.plan = options;
    search.key = sensitivityKey(planning, options);
    if (planning.journals.empty()) return search;
    std::error_code failed;
    std::filesystem::create_directories(planning.journals, failed);
    if (failed)
        throw Error(fmt::format("{} cannot be made: {}.",
                                printable(planning.journals.string(), 1000), failed.message()),
                    planning.journals.string());
    search.journal =
        planning.journals / Journal::fileName(searchKey(planning.model.matrices, search));
    return search;
}

/// Loss of the model with a plan applied, for the search, which compresses one matrix at a time: a
/// method that walks is tried as `whitened`, which it is if nothing before it is compressed.
LossOf searchedLoss(const MeasuredPlanning& planning, const Progress& progress) {
    return [&planning, &progress](const CompressionPlan& given) {
        CompressionPlan plan = given;
        for (plan::PlanEntry& entry : plan.entries) entry.method = withoutWalk(entry.method);
        plan.settings.refit = false;
        return lossOn(searched(planning), planning, plan, progress);
    };
}

/// The search `--allocation sensitivity`: losses that are kept are not measured again.
CompressionPlan planBySensitivity(const MeasuredPlanning& planning, const PlanOptions& options,
                                  const Progress& progress) {
    return search::planBySensitivity(planning.model.checkpoint, planning.model.matrices,
                                     searchOf(planning, options), searchedLoss(planning, progress),
                                     progress);
}

/// `--allocation-error loss`: how much the loss of the search rises per relative squared error on
/// the calibration inputs, each matrix alone at the smallest share of the search. At least a
/// hundredth of the mean: a rise that drowns in noise would make a matrix worthless. By matrix
/// name, divided by the mean.
std::map<std::string, double> lossWeights(const MeasuredPlanning& planning,
                                          const PlanOptions& options, const Progress& progress) {
    const Spectra errors = activationsOf(planning, progress);
    const double dense = meanLoss(planning.model.checkpoint, searched(planning),
                                  planning.model.compute, SilentProgress(progress));
    const SensitivityTable table =
        measureSensitivity(planning.model.checkpoint, planning.model.matrices,
                           searchOf(planning, options), searchedLoss(planning, progress), progress);
    for (const std::string& warning : table.warnings) progress.warn(warning);
    throwIfStopped(progress);
    std::map<std::string, double> weights;
    double sum = 0;
    for (const Sensitivity& row : table.rows) {  // the smallest share of each comes last
        const std::string& name = planning.model.matrices[row.matrix].name;
        const double error = std::pow(errors.at(name).relativeError(row.choice.rank), 2);
        const bool known = std::isfinite(row.loss) && error > 0;
        weights[name] = known ? std::max(0.0, row.loss - dense) / error : 0;
    }
    for (const auto& [name, weight] : weights) sum += weight;
    const double mean = sum / static_cast<double>(weights.size());
    for (auto& [name, weight] : weights) weight = mean > 0 ? std::max(weight / mean, 0.01) : 1;
    return weights;
}

/// Plans that auto chooses among, and a sentence for each that could not be had.
struct Tried {
    std::vector<std::pair<TriedSetting, CompressionPlan>> plans;
    std::vector<std::string> left;
};

/// Makes the plan of an allocation and measures it; one whose budget cannot be paid is left.
void tryAllocation(Tried& tried, const MeasuredPlanning& planning, std::string_view allocation,
                   const std::function<CompressionPlan()>& make, const Progress& progress) {
    throwIfStopped(progress);
    progress.report(static_cast<double>(tried.plans.size()) /
                        static_cast<double>(plan::allocators().size() + 1),
                    fmt::format("trying the allocation {}", allocation));
    CompressionPlan plan;
    try {
        plan = make();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Usage) throw;
        tried.left.push_back(fmt::format("{}: {}", allocation, error.what()));
        return;
    }
    plan::recordCalibration(plan, planning.model.calibration.get());
    TriedSetting setting{plan::allocationText(plan), plan.settings.ridge, plan.parameters.stored,
                         heldOutLoss(planning, plan, progress)};
    tried.plans.emplace_back(std::move(setting), std::move(plan));
}

/// Losses that the search of these options has yet to measure.
std::size_t lossesMissing(const MeasuredPlanning& planning, const PlanOptions& options,
                          const Progress& progress) {
    return search::lossesMissing(
        planning.model.matrices,
        withSharesForBudget(planning.model.checkpoint, planning.model.matrices,
                            searchOf(planning, options)),
        progress);
}

/// `--allocation gradient`.
CompressionPlan planByGradient(const MeasuredPlanning& planning, const Spectra& importance,
                               PlanOptions options, const Progress& progress) {
    options.allocation = plan::gradientName;
    if (cutsHeads(options)) {
        options.slimErrors = slimErrorsByGradient(planning, options, progress);
        return plan::makePlan(planning.model.checkpoint, planning.model.matrices, {}, options);
    }
    options.lossWeights = weightsByGradient(planning, options, progress);
    options.allocation = "water-filling";
    CompressionPlan plan =
        plan::makePlan(planning.model.checkpoint, planning.model.matrices, importance, options);
    plan.allocation = plan::gradientName;
    return plan;
}

/// Head dimensions that `--storage plain` tries beside the same share as the units, as shares of
/// d_kv: too few cost more than too many, the more so the deeper the cut.
constexpr std::array headShares = {0.0, -0.05, 0.05, 0.1};

/// The same share of both is given up for a loss below this share of its own: smaller differences
/// of a few held-out dialogues are noise.
constexpr double clearlyLess = 0.995;

/// Plans of slim by the allocations that it has: with sizes of their own those of
/// slimAllocations(), with plain ones several proportions of d_kv and d_ff.
void trySizes(Tried& tried, const MeasuredPlanning& planning, const PlanOptions& options,
              const Progress& progress) {
    const auto planned = [&](const PlanOptions& one) {
        return plan::makePlan(planning.model.checkpoint, planning.model.matrices, {}, one);
    };
    PlanOptions one = options;
    if (options.storage == plan::StorageChoice::Sizes) {
        for (const std::string_view allocation : plan::slimAllocations()) {
            one.allocation = allocation;
            tryAllocation(
                tried, planning, allocation,
                [&] {
                    return allocation == plan::gradientName
                               ? planByGradient(planning, {}, options, progress)
                               : planned(one);
                },
                progress);
        }
        return;
    }
    one.allocation = plan::allocators().front().name;
    const std::int64_t heads = plan::headDimensions(planned(one));
    const auto full = static_cast<double>(planning.model.checkpoint.config().dKv);
    std::set<std::int64_t> done;
    for (const double share : headShares) {
        one.headSize = std::clamp<std::int64_t>(heads + std::llround(share * full), 1,
                                                planning.model.checkpoint.config().dKv);
        const CompressionPlan plan = planned(one);
        if (!done.insert(plan::headDimensions(plan)).second) continue;
        tryAllocation(
            tried, planning, plan::plainSizesText(plan), [&] { return plan; }, progress);
    }
}

/// The plan that loses least, with everything that was tried; the first one unless another's loss
/// is less than `share` of its. Throws Error of kind Usage if there is none.
CompressionPlan bestOf(Tried tried, double share, const Progress& progress) {
    throwIfStopped(progress);
    if (tried.plans.empty()) throw usageError(tried.left.front());
    auto best = std::ranges::min_element(
        tried.plans, [](const auto& a, const auto& b) { return losesLess(a.first, b.first); });
    const double first = tried.plans.front().first.loss;
    if (std::isfinite(first) && !(best->first.loss < share * first)) best = tried.plans.begin();
    CompressionPlan plan = best->second;
    for (auto& [setting, unused] : tried.plans) plan.tried.push_back(std::move(setting));
    plan.warnings.insert(plan.warnings.end(), tried.left.begin(), tried.left.end());
    return plan;
}

/// `--allocation auto`: a plan by every allocation, the one with the least held-out loss taken, all
/// of them in CompressionPlan::tried. The sensitivity search takes part where at most
/// mostLossesForAuto losses are yet to be measured; a warning says if it does not. Throws
/// Error of kind Usage if the calibration has no held-out dialogues, or no allocation can meet
/// the budget.
CompressionPlan planByBestAllocation(const MeasuredPlanning& given, const Spectra& importance,
                                     const PlanOptions& options, const Progress& progress) {
    requireHeldOut(*given.model.calibration, "The allocation auto");
    MeasuredPlanning planning = given;
    if (!planning.known)
        planning.known = compress::fullRankFactors(
            planning.model, {options.method, options.settings, planning.model.calibration.get()},
            SilentProgress(progress));
    Tried tried;
    PlanOptions one = options;
    if (cutsHeads(options)) {
        trySizes(tried, planning, options, progress);
        const bool plain = options.storage != plan::StorageChoice::Sizes;
        return bestOf(std::move(tried), plain ? clearlyLess : 1, progress);
    }
    for (const plan::Allocator& allocator : plan::allocators()) {
        one.allocation = allocator.name;
        tryAllocation(
            tried, planning, allocator.name,
            [&] {
                return plan::makePlan(planning.model.checkpoint, planning.model.matrices,
                                      importance, one);
            },
            progress);
    }
    tryAllocation(
        tried, planning, plan::gradientName,
        [&] { return planByGradient(planning, importance, options, progress); }, progress);
    if (const std::size_t missing = lossesMissing(planning, options, progress);
        missing > mostLossesForAuto)
        tried.left.push_back(fmt::format(
            "auto leaves the sensitivity search out, since {} losses are yet to be measured; run "
            "--allocation sensitivity once, what it measures is kept and auto takes it in.",
            missing));
    else
        tryAllocation(
            tried, planning, plan::sensitivityName,
            [&] { return planBySensitivity(planning, options, progress); }, progress);
    return bestOf(std::move(tried), 1, progress);
}

/// The plan with that of the ridges 0.001, 0.01, 0.1 and 1 that gives the least held-out loss; all
/// of them in CompressionPlan::tried. Unchanged if no method of it has a ridge.
CompressionPlan withBestRidge(const MeasuredPlanning& planning, CompressionPlan plan,
                              const Progress& progress) {
    if (!compress::usesRidge(plan)) return plan;
    requireHeldOut(*planning.model.calibration, "The choice of a ridge");
    std::vector<TriedSetting> tried;
    for (const double ridge : ridges) {
        throwIfStopped(progress);
        progress.report(static_cast<double>(tried.size()) / static_cast<double>(ridges.size()),
                        fmt::format("trying the ridge {:g}", ridge));
        CompressionPlan candidate = plan;
        candidate.settings.ridge = ridge;
        MeasuredPlanning anew = planning;  // the factors of another ridge are others
        anew.known.reset();
        tried.push_back({plan::allocationText(plan), ridge, plan.parameters.stored,
                         heldOutLoss(anew, candidate, progress)});
    }
    plan.settings.ridge = std::ranges::min_element(tried, losesLess)->ridge;
    plan.tried.insert(plan.tried.end(), tried.begin(), tried.end());
    return plan;
}

}  // namespace

bool isMeasured(const PlanOptions& options, bool chooseRidge) {
    return chooseRidge || !whatIsMeasured(options).empty() ||
           (cutsHeads(options) && plan::needsSlimErrors(options));
}

void requireDialogues(const PlanOptions& options, const method::Calibration* calibration) {
    const std::string what = whatIsMeasured(options);
    if (what.empty()) return;
    if (calibration == nullptr) throw method::calibrationMissing(what);
    if (options.allocation == plan::autoName) requireHeldOut(*calibration, what);
}

bool canChooseRidge(const PlanOptions& options, const method::Calibration* calibration,
                    const Progress& progress) {
    if (!method::methodNamed(options.method).hasRidge && !options.settings.refit) return false;
    if (calibration != nullptr && !calibration->record().heldOut.empty()) return true;
    progress.warn(
        fmt::format("There are no held-out dialogues to choose the ridge on; {:g} is taken.",
                    options.settings.ridge));
    return false;
}

CompressionPlan measuredPlan(const MeasuredPlanning& given, const Spectra& importance,
                             PlanOptions options, bool chooseRidge, const Progress& progress) {
    MeasuredPlanning planning = given;
    if (cutsHeads(options)) {
        if (!planning.slimErrors)
            planning.slimErrors = std::make_shared<const method::SlimErrorTable>(
                method::slimErrors(planning.model, SilentProgress(progress)));
        options.slimErrors = planning.slimErrors;
    }
    if (isBudget(options) && options.allocationError == plan::lossErrorName &&
        options.allocation != plan::sensitivityName)
        options.lossWeights = lossWeights(planning, options, progress);
    CompressionPlan plan = !isBudget(options) || !plan::isMeasured(options.allocation)
                               ? plan::makePlan(planning.model.checkpoint, planning.model.matrices,
                                                importance, options)
                           : options.allocation == plan::autoName
                               ? planByBestAllocation(planning, importance, options, progress)
                           : options.allocation == plan::gradientName
                               ? planByGradient(planning, importance, options, progress)
                               : planBySensitivity(planning, options, progress);
    plan::recordCalibration(plan, planning.model.calibration.get());
    return chooseRidge ? withBestRidge(planning, std::move(plan), progress) : plan;
}

}  // namespace rankscope::search
