// SPDX-License-Identifier: Apache-2.0
#include "core/search/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "core/base/error.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/evaluate/evaluation.h"
#include "core/method/activation_spectrum.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/method/slim.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/allocation.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/plan/slim_plan.h"
#include "core/search/front_measure.h"
#include "core/search/measured_plan.h"

namespace rankscope::search {

using checkpoint::Checkpoint;
using checkpoint::WeightMatrix;
using method::MethodNeeds;
using plan::CompressionPlan;

namespace {

using Spectra = std::map<std::string, spectra::Spectrum>;

/// Shared by all settings of one run.
struct Run {
    const method::CalibratedModel& model;
    const ParetoOptions& options;
    const Progress& progress;
    std::shared_ptr<const method::SlimErrorTable> slimErrors;  ///< null: no method is slim

    /// The plan of a setting. `importance` as for measuredPlan(); `known` may be null.
    CompressionPlan planned(const ParetoPoint& point, const Spectra& importance,
                            const Spectra* onActivations,
                            const std::shared_ptr<const compress::FullRankFactors>& known,
                            const Progress& part) const {
        const plan::PlanOptions how = optionsOf(point);
        const MeasuredPlanning planning{.model = model,
                                        .journals = options.journals,
                                        .onActivations = onActivations,
                                        .known = known,
                                        .slimErrors = slimErrors};
        CompressionPlan plan =
            measuredPlan(planning, importance, how, choosesRidge(point.method), part);
        plan::recordCalibration(plan, model.calibration.get());
        return plan;
    }

    plan::PlanOptions optionsOf(const ParetoPoint& point) const {
        plan::PlanOptions how = options.plan;
        how.settings.refine = false;  // as in every search
        how.method = point.method;
        how.allocation = point.allocation;
        how.target = {plan::RankTarget::Kind::Budget, point.budget};
        if (method::methodNamed(point.method).cutsHeads)  // storage is of the other methods
            how.storage = point.allocation == plan::allocators().front().name
                              ? plan::StorageChoice::Plain
                              : plan::StorageChoice::Sizes;
        return how;
    }

    bool hasRidge(const std::string& method) const {
        return method::methodNamed(method).hasRidge || options.plan.settings.refit;
    }
    bool choosesRidge(const std::string& method) const {
        return options.chooseRidge && hasRidge(method);
    }

    /// Every chosen matrix by one method at full rank; null if that cannot be.
    std::shared_ptr<const compress::FullRankFactors> factored(const std::string& method) const {
        if (choosesRidge(method)) return nullptr;
        return compress::fullRankFactors(
            model, {method, options.plan.settings, model.calibration.get()}, progress);
    }

    /// Measures `point`, whose plan is there, from factors at full rank (null: made anew).
    void measure(ParetoPoint& point, const std::shared_ptr<const compress::FullRankFactors>& known,
                 FrontMeasure& measure, const std::string& label, const Progress& part) const {
        point.parameters = point.plan.parameters.stored;
        if (hasRidge(point.method)) point.ridge = point.plan.settings.ridge;
        const compress::PlannedModel planned{model.checkpoint, point.plan, model.calibration.get(),
                                             model.compute,    known,      slimErrors};
        const auto factors = compress::factorsOf(planned, progress);
        const FrontMeasure::Result result = measure.measure(
            plan::plannedConfig(model.checkpoint, point.plan),
            compress::PlannedWeights(planned, factors, compress::PlannedForm::TwoFactors),
            toJson(point.plan), label, part);
        point.loss = result.loss;
        point.rouge = result.rouge;
    }
};

/// Says of which setting a report is.
class SettingProgress final : public PartProgress {
 public:
    SettingProgress(const Progress& whole, double from, double to, std::string setting)
        : PartProgress(whole, from, to), m_setting(std::move(setting)) {}
    void report(double fraction, std::string_view label) const override {
        PartProgress::report(fraction, fmt::format("{}: {}", m_setting, label));
    }

 private:
    std::string m_setting;
};

/// Counts the dense model and every setting as one step each.
class Steps {
 public:
    Steps(const ParetoOptions& options, const Progress& progress)
        : m_progress(progress),
          m_all(1 + options.methods.size() * options.allocations.size() * options.budgets.size()) {}

    /// The progress of the next step, whose label is shown at once. Throws on a stop.
    PartProgress next(const std::string& label) {
        throwIfStopped(m_progress);
        const auto all = static_cast<double>(m_all);
        const auto place = static_cast<double>(m_done++);
        m_progress.report(place / all, label);
        return {m_progress, place / all, (place + 1) / all};
    }

 private:
    const Progress& m_progress;
    std::size_t m_all;
    std::size_t m_done = 0;
};

/// Throws if a method of the run cannot have what it looks at.
void requireNeeds(const ParetoOptions& options, const method::Calibration* calibration) {
    for (const std::string& allocation : options.allocations) {
        plan::PlanOptions how = options.plan;
        how.target.kind = plan::RankTarget::Kind::Budget;
        how.allocation = allocation;
        requireDialogues(how, calibration);
    }
    for (const std::string& name : options.methods)
        method::requireCalibration(method::methodNamed(name), options.plan.settings, calibration);
}

/// True if budgets of the method are distributed by errors on activations.
bool looksAtActivations(const std::string& method, const std::string& allocation) {
    return method::methodNamed(method).needs != MethodNeeds::Nothing &&
           plan::looksAtSpectra(allocation);
}

std::vector<std::pair<std::string, double>> pairs(const std::vector<std::string>& allocations,
                                                  const std::vector<double>& budgets) {
    std::vector<std::pair<std::string, double>> all;
    for (const std::string& allocation : allocations)
        for (const double budget : budgets) all.emplace_back(allocation, budget);
    return all;
}

/// Null if no method is slim. They are the same for all of its settings.
std::shared_ptr<const method::SlimErrorTable> slimErrorsFor(const method::CalibratedModel& model,
                                                            const ParetoOptions& options,
                                                            const Progress& progress) {
    for (const std::string& method : options.methods)
        if (method::methodNamed(method).cutsHeads)
            return std::make_shared<const method::SlimErrorTable>(
                method::slimErrors(model, progress));
    return nullptr;
}

bool needActivations(const ParetoOptions& options) {
    for (const std::string& method : options.methods)
        for (const std::string& allocation : options.allocations)
            if (looksAtActivations(method, allocation)) return true;
    return options.plan.allocationError == plan::lossErrorName;
}

}  // namespace

void markFront(std::vector<ParetoPoint>& points) {
    for (ParetoPoint& point : points)
        point.onFront = std::isfinite(point.loss) &&
                        std::none_of(points.begin(), points.end(), [&](const ParetoPoint& other) {
                            return std::isfinite(other.loss) &&
                                   other.parameters <= point.parameters &&
                                   other.loss <= point.loss &&
                                   (other.parameters < point.parameters || other.loss < point.loss);
                        });
}

ParetoFront paretoFront(const method::CalibratedModel& model, const Spectra& spectra,
                        const ParetoOptions& options, const Progress& outer) {
    const OnceWarned progress(outer);
    const SilentProgress silent(progress);
    requireNeeds(options, model.calibration.get());
    FrontMeasure measure(model.checkpoint, model.calibration, options.data, model.compute);
    const Run run{model, options, silent, slimErrorsFor(model, options, silent)};
    Steps steps(options, progress);
    const FrontMeasure::Result dense =
        measure.measure(model.checkpoint.config(), model::CheckpointWeights(model.checkpoint),
                        nullptr, "dense", steps.next("dense"));
    ParetoFront front;
    front.denseParameters = model.checkpoint.denseParameterCount();
    front.denseLoss = dense.loss;
    front.denseRouge = dense.rouge;
    front.data = measure.data();
    front.dialogues = measure.dialogues();
    Spectra onActivations;
    if (needActivations(options)) onActivations = method::activationSpectra(model, silent);
    for (const std::string& method : options.methods) {
        const auto known = run.factored(method);
        for (const auto& [allocation, budget] : pairs(options.allocations, options.budgets)) {
            const std::string label =
                fmt::format("{}, {}, {:g} of the parameters", method, allocation, budget);
            const PartProgress part = steps.next(label);
            ParetoPoint point{method, allocation, budget, 0, 0, false, {}, {}, {}};
            constexpr double planned = 0.5;  // of the step's progress
            try {
                point.plan = run.planned(
                    point, looksAtActivations(method, allocation) ? onActivations : spectra,
                    onActivations.empty() ? nullptr : &onActivations, known,
                    SettingProgress(part, 0, planned, label));
            } catch (const Error& error) {  // the budget cannot be paid
                if (error.kind() != ErrorKind::Usage) throw;
                front.skipped.push_back(
                    fmt::format("{}, {}: {}", method, allocation, error.what()));
                continue;
            }
            run.measure(point, known, measure, label, PartProgress(part, planned, 1));
            front.points.push_back(std::move(point));
        }
    }
    markFront(front.points);
    return front;
}

}  // namespace rankscope::search
