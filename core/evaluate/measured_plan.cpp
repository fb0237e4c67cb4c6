// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/measured_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/compress/activation_spectrum.h"
#include "core/compress/allocation.h"
#include "core/evaluate/front_measure.h"
#include "core/evaluate/pareto.h"

namespace rankscope::evaluate {

using compress::CompressionPlan;
using compress::MethodNeeds;
using compress::PlanOptions;
using compress::TriedSetting;

namespace {

using Spectra = std::map<std::string, spectra::Spectrum>;

constexpr std::array ridges = {1e-3, 1e-2, 1e-1, 1.0};

double lossOf(const MeasuredPlanning& planning, const CompressionPlan& plan,
              const Progress& progress) {
    return meanLoss(planning.checkpoint, &plan, planning.calibration->record().heldOut,
                    planning.device, planning.backend, progress);
}

/// The method that stands in for one whose factors depend on what is compressed before.
std::string withoutWalk(const std::string& method) {
    return compress::methodNamed(method).needs == MethodNeeds::Walk ? "whitened" : method;
}

compress::SensitivityOptions searchOf(const MeasuredPlanning& planning,
                                      const PlanOptions& options) {
    compress::SensitivityOptions search;
    search.plan = options;
    search.key = sensitivityKey(planning, options);
    if (planning.journals.empty()) return search;
    std::error_code failed;
    std::filesystem::create_directories(planning.journals, failed);
    if (failed)
        throw Error(fmt::format("{} cannot be made: {}.",
                                printable(planning.journals.string(), 1000), failed.message()),
                    planning.journals.string());
    const std::string key = compress::searchKey(planning.matrices, search).dump();
    search.journal = planning.journals / (sha256Hex(std::as_bytes(std::span(key))) + ".jsonl");
    return search;
}

/// The least loss first; what has none last.
bool losesLess(const TriedSetting& a, const TriedSetting& b) {
    return (std::isfinite(a.loss) ? a.loss : INFINITY) <
           (std::isfinite(b.loss) ? b.loss : INFINITY);
}

void requireHeldOut(const MeasuredPlanning& planning, const char* what) {
    if (planning.calibration->record().heldOut.empty())
        throw usageError(fmt::format("{} measures on held-out dialogues, and {} has none; run "
                                     "`calibrate` with --held-out 1 or more.",
                                     what, printable(planning.calibration->name(), 1000)),
                         planning.calibration->name());
}

}  // namespace

compress::LossOf heldOutLoss(const MeasuredPlanning& planning, const Progress& progress) {
    return [&planning, &progress](const CompressionPlan& given) {
        CompressionPlan plan = given;
        for (compress::PlanEntry& entry : plan.entries) entry.method = withoutWalk(entry.method);
        plan.settings.refit = false;
        plan.calibration = planning.calibration;
        plan.calibrationFile = planning.calibration->name();
        return lossOf(planning, plan, SilentProgress(progress));
    };
}

Json sensitivityKey(const MeasuredPlanning& planning, const PlanOptions& options) {
    const compress::CalibrationRecord& record = planning.calibration->record();
    Json heldOut = Json::array();
    for (const compress::CalibrationExample& example : record.heldOut)
        heldOut.push_back(example.id);
    return {{"model", record.contentHash},
            {"data", record.dataHash},
            {"examples", record.examples.size()},
            {"held_out", std::move(heldOut)},
            {"seed", record.seed},
            {"prefix", record.prefix},
            {"method", withoutWalk(options.method)},
            {"alpha", options.settings.alpha},
            {"ridge", options.settings.ridge}};
}

CompressionPlan planBySensitivity(const MeasuredPlanning& planning, const Spectra& spectra,
                                  const PlanOptions& options, const Progress& progress) {
    requireHeldOut(planning, "The sensitivity search");
    return compress::planBySensitivity(planning.checkpoint, planning.matrices, spectra,
                                       searchOf(planning, options), heldOutLoss(planning, progress),
                                       progress);
}

std::map<std::string, double> lossWeights(const MeasuredPlanning& planning,
                                          const PlanOptions& options, const Progress& progress) {
    requireHeldOut(planning, "Weighing errors by the loss");
    const Spectra errors = compress::activationSpectra(
        planning.checkpoint, planning.matrices, *planning.calibration, planning.device,
        planning.threads, planning.backend, SilentProgress(progress));
    const double dense =
        meanLoss(planning.checkpoint, nullptr, planning.calibration->record().heldOut,
                 planning.device, planning.backend, SilentProgress(progress));
    const compress::SensitivityTable table = compress::measureSensitivity(
        planning.checkpoint, planning.matrices, searchOf(planning, options),
        heldOutLoss(planning, progress), progress);
    for (const std::string& warning : table.warnings) progress.warn(warning);
    throwIfStopped(progress);
    std::map<std::string, double> weights;
    double sum = 0;
    for (const compress::Sensitivity& row : table.rows) {  // the smallest share of each comes last
        const std::string& name = planning.matrices[row.matrix].name;
        const double error = std::pow(errors.at(name).relativeError(row.choice.rank), 2);
        const bool known = std::isfinite(row.loss) && error > 0;
        weights[name] = known ? std::max(0.0, row.loss - dense) / error : 0;
    }
    for (const auto& [name, weight] : weights) sum += weight;
    const double mean = sum / static_cast<double>(weights.size());
    for (auto& [name, weight] : weights) weight = mean > 0 ? std::max(weight / mean, 0.01) : 1;
    return weights;
}

CompressionPlan planByBestAllocation(const MeasuredPlanning& planning, const Spectra& spectra,
                                     const PlanOptions& options, const Progress& progress) {
    requireHeldOut(planning, "The allocation auto");
    ParetoOptions all;
    all.budgets = {options.target.value};
    all.methods = {options.method};
    for (const compress::Allocator& allocator : compress::allocators())
        all.allocations.emplace_back(allocator.name);
    all.plan = options;
    all.device = planning.device;
    all.threads = planning.threads;
    ParetoFront front = paretoFront(planning.checkpoint, planning.matrices, spectra,
                                    planning.calibration, all, planning.backend, progress);
    std::vector<std::pair<TriedSetting, CompressionPlan>> tried;
    for (ParetoPoint& point : front.points) {
        TriedSetting setting{point.allocation, options.settings.ridge, point.parameters,
                             point.loss};
        tried.emplace_back(std::move(setting), std::move(point.plan));
    }
    const compress::SensitivityOptions search = searchOf(planning, options);
    const std::size_t missing = compress::lossesMissing(planning.matrices, search, progress);
    if (missing > mostLossesForAuto) {
        front.skipped.push_back(fmt::format(
            "auto leaves the sensitivity search out, since {} losses are yet to be measured; run "
            "--allocation sensitivity once, what it measures is kept and auto takes it in.",
            missing));
    } else {
        try {
            CompressionPlan plan = planBySensitivity(planning, spectra, options, progress);
            plan.calibration = planning.calibration;
            TriedSetting setting{plan.allocation, options.settings.ridge, plan.parameters.stored,
                                 lossOf(planning, plan, SilentProgress(progress))};
            tried.emplace_back(std::move(setting), std::move(plan));
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Usage) throw;
            front.skipped.push_back(fmt::format("sensitivity: {}", error.what()));
        }
    }
    throwIfStopped(progress);
    if (tried.empty())
        throw usageError(front.skipped.empty() ? "No allocation could be tried."
                                               : front.skipped.front());
    const auto best = std::ranges::min_element(
        tried, [](const auto& a, const auto& b) { return losesLess(a.first, b.first); });
    CompressionPlan plan = best->second;
    for (auto& [setting, unused] : tried) plan.tried.push_back(std::move(setting));
    plan.warnings.insert(plan.warnings.end(), front.skipped.begin(), front.skipped.end());
    return plan;
}

CompressionPlan withBestRidge(const MeasuredPlanning& planning, CompressionPlan plan,
                              const Progress& progress) {
    const bool hasRidge = plan.settings.refit ||
                          std::ranges::any_of(plan.entries, [](const compress::PlanEntry& entry) {
                              return !entry.kept && compress::methodNamed(entry.method).hasRidge;
                          });
    if (!hasRidge) return plan;
    requireHeldOut(planning, "The choice of a ridge");
    std::vector<TriedSetting> tried;
    for (const double ridge : ridges) {
        throwIfStopped(progress);
        progress.report(static_cast<double>(tried.size()) / static_cast<double>(ridges.size()),
                        fmt::format("trying the ridge {:g}", ridge));
        CompressionPlan candidate = plan;
        candidate.settings.ridge = ridge;
        tried.push_back({plan.allocation, ridge, plan.parameters.stored,
                         lossOf(planning, candidate, SilentProgress(progress))});
    }
    plan.settings.ridge = std::ranges::min_element(tried, losesLess)->ridge;
    plan.tried.insert(plan.tried.end(), tried.begin(), tried.end());
    return plan;
}

}  // namespace rankscope::evaluate
