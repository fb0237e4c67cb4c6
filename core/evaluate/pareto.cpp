// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <utility>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compress/activation_spectrum.h"
#include "core/compress/layer_factors.h"
#include "core/evaluate/prepare_plan.h"
#include "core/evaluate/summarizer.h"
#include "core/spectra/compute_spectra.h"

namespace rankscope::evaluate {

using checkpoint::Checkpoint;
using checkpoint::WeightMatrix;
using compress::CompressionPlan;
using compress::MethodNeeds;

namespace {

using Spectra = std::map<std::string, spectra::Spectrum>;

/// What all settings of one run share.
struct Run {
    const Checkpoint& checkpoint;
    std::span<const WeightMatrix> matrices;
    const std::shared_ptr<const compress::Calibration>& calibration;
    const ParetoOptions& options;
    const backend::Backend& backend;
    const Progress& progress;

    CompressionPlan planned(const std::string& method, const std::string& allocation, double budget,
                            const Spectra& spectra) const {
        compress::PlanOptions how = options.plan;
        how.method = method;
        how.allocation = allocation;
        how.target = {compress::RankTarget::Kind::Budget, budget};
        CompressionPlan plan = compress::makePlan(checkpoint, matrices, spectra, how);
        plan.calibration = calibration;
        plan.calibrationFile = calibration->name();
        return plan;
    }

    /// Every chosen matrix by one method at full rank.
    std::shared_ptr<const compress::PreparedFactors> factored(const std::string& method) const {
        compress::PlanOptions how = options.plan;
        CompressionPlan plan;
        plan.calibration = calibration;
        plan.settings = how.settings;
        auto factors = std::make_shared<compress::PreparedFactors>();
        const std::vector<std::size_t> order = spectra::largestFirst(matrices);
        std::mutex mutex;
        runInParallel(order.size(), options.threads > 0 ? options.threads : availableCores(),
                      [&](std::size_t i) {
                          throwIfStopped(progress);
                          const WeightMatrix& matrix = matrices[order[i]];
                          const Matrix weight = checkpoint.readMatrix(matrix);
                          spectra::requireFinite(weight, matrix.name);
                          compress::PlanEntry entry;
                          entry.matrix = matrix;
                          entry.rank = std::min(matrix.rank, matrix.fullRank());
                          entry.method = method;
                          backend::Factors made =
                              compress::layerFactors(plan, entry, weight, options.device, backend);
                          const std::lock_guard lock(mutex);
                          factors->emplace(matrix.name, std::move(made));
                      });
        return factors;
    }
};

/// Passes stops and warnings on; the settings' own count is the fraction.
class OneOfMany final : public Progress {
 public:
    explicit OneOfMany(const Progress& outer) : m_outer(outer) {}
    void warn(std::string_view sentence) const override { m_outer.warn(sentence); }
    bool stopRequested() const override { return m_outer.stopRequested(); }

 private:
    const Progress& m_outer;
};

void requireHeldOut(const compress::Calibration& calibration) {
    if (calibration.record().heldOut.empty())
        throw usageError(fmt::format("{} has no held-out dialogues to measure on; run `calibrate` "
                                     "with --held-out 1 or more.",
                                     printable(calibration.name(), 1000)),
                         calibration.name());
}

}  // namespace

double meanLoss(const Checkpoint& checkpoint, const CompressionPlan* plan,
                std::span<const compress::CalibrationExample> examples,
                const backend::Device& device, const backend::Backend& backend,
                const Progress& progress) {
    backend::Seq2SeqOptions options;
    options.device = device;
    std::unique_ptr<backend::Seq2Seq> model;
    if (plan != nullptr) {
        CompressionPlan prepared = *plan;
        preparePlan(prepared, checkpoint, device, backend, progress);
        model = backend.openSeq2Seq(dimensionsOf(checkpoint),
                                    PlannedWeights(checkpoint, prepared, device, backend), options,
                                    progress);
    } else {
        model = backend.openSeq2Seq(dimensionsOf(checkpoint), CheckpointWeights(checkpoint),
                                    options, progress);
    }
    std::vector<std::int64_t> lengths;
    for (const compress::CalibrationExample& example : examples)
        lengths.push_back(static_cast<std::int64_t>(example.source.size()));
    double sum = 0;
    std::int64_t tokens = 0;
    for (const auto& batch : batchesByLength(lengths, SummarizationOptions().tokenBudget)) {
        std::vector<backend::TokenIds> sources;
        std::vector<backend::TokenIds> targets;
        for (const std::size_t position : batch) {
            sources.push_back(examples[position].source);
            targets.push_back(examples[position].target);
        }
        for (const backend::SequenceLoss& one : model->loss(sources, targets, progress)) {
            sum += one.sum;
            tokens += one.tokens;
        }
    }
    return sum / static_cast<double>(tokens);
}

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

ParetoFront paretoFront(const Checkpoint& checkpoint, std::span<const WeightMatrix> matrices,
                        const Spectra& spectra,
                        const std::shared_ptr<const compress::Calibration>& calibration,
                        const ParetoOptions& options, const backend::Backend& backend,
                        const Progress& progress) {
    requireHeldOut(*calibration);
    const Run run{checkpoint, matrices, calibration, options, backend, progress};
    const auto& examples = calibration->record().heldOut;
    const OneOfMany quiet(progress);
    ParetoFront front;
    front.denseParameters = checkpoint.denseParameterCount();
    front.denseLoss = meanLoss(checkpoint, nullptr, examples, options.device, backend, quiet);
    const Spectra onActivations = compress::activationSpectra(
        checkpoint, matrices, *calibration, options.device, options.threads, backend, quiet);
    const std::size_t all =
        options.methods.size() * options.allocations.size() * options.budgets.size();
    std::size_t done = 0;
    for (const std::string& method : options.methods) {
        const MethodNeeds needs = compress::methodNamed(method).needs;
        const auto prepared = needs == MethodNeeds::Walk ? nullptr : run.factored(method);
        const Spectra& importance = needs == MethodNeeds::Nothing ? spectra : onActivations;
        for (const std::string& allocation : options.allocations) {
            for (const double budget : options.budgets) {
                throwIfStopped(progress);
                progress.report(
                    static_cast<double>(done++) / static_cast<double>(all),
                    fmt::format("{}, {}, {:g} of the parameters", method, allocation, budget));
                try {
                    ParetoPoint point{method, allocation, budget, 0, 0, false, {}};
                    point.plan = run.planned(method, allocation, budget, importance);
                    point.plan.prepared = prepared;
                    point.parameters = point.plan.parameters.stored;
                    point.loss =
                        meanLoss(checkpoint, &point.plan, examples, options.device, backend, quiet);
                    point.plan.prepared.reset();
                    front.points.push_back(std::move(point));
                } catch (const Error& error) {
                    if (error.kind() != ErrorKind::Usage) throw;
                    front.skipped.push_back(
                        fmt::format("{}, {}: {}", method, allocation, error.what()));
                }
            }
        }
    }
    markFront(front.points);
    return front;
}

Json toJson(const ParetoFront& front) {
    Json points = Json::array();
    for (const ParetoPoint& point : front.points) {
        Json item = {{"method", point.method}, {"allocation", point.allocation},
                     {"budget", point.budget}, {"parameters", point.parameters},
                     {"loss", nullptr},        {"on_front", point.onFront}};
        if (std::isfinite(point.loss)) item["loss"] = point.loss;
        points.push_back(std::move(item));
    }
    return {{"dense", {{"parameters", front.denseParameters}, {"loss", front.denseLoss}}},
            {"points", std::move(points)},
            {"skipped", front.skipped}};
}

}  // namespace rankscope::evaluate
