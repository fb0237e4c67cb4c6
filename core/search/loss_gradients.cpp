// SPDX-License-Identifier: Apache-2.0
#include "core/search/loss_gradients.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/backend/moments.h"
#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/plan/allocation.h"
#include "core/plan/make_plan.h"
#include "core/plan/slim_plan.h"

namespace rankscope::search {

using checkpoint::WeightMatrix;
using plan::CompressionPlan;
using plan::PlanOptions;
using Gradients = std::map<std::string, backend::GradientMoments>;

namespace {

constexpr double cutShare = 0.5;  // of the parameters: where gradients are taken
constexpr std::size_t mostDialogues = 128;
constexpr std::size_t dialoguesAtOnce = 8;

/// The plan to the share; where the matrices that are not chosen take too much, to the same share
/// of the chosen ones.
CompressionPlan evenPlan(const MeasuredPlanning& planning, PlanOptions options) {
    options.allocation = plan::allocators().front().name;
    options.target = {plan::RankTarget::Kind::Budget, cutShare};
    options.settings.refine = false;
    const auto make = [&] {
        return plan::makePlan(planning.model.checkpoint, planning.model.matrices, {}, options);
    };
    try {
        return make();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Usage) throw;
    }
    options.target.kind = plan::RankTarget::Kind::Ratio;
    return make();
}

Gradients gradientsAt(const MeasuredPlanning& planning, const CompressionPlan& plan,
                      const Progress& progress) {
    const method::CalibratedModel& model = planning.model;
    const compress::PlannedModel planned{model.checkpoint, plan,    model.calibration.get(),
                                         model.compute,    nullptr, planning.slimErrors};
    const SilentProgress silent(progress);
    const auto factors = compress::factorsOf(planned, silent);
    const compress::PlannedWeights weights(planned, factors, compress::PlannedForm::TwoFactors);
    backend::Seq2SeqOptions how;
    how.device = model.compute.device;
    const auto network = model.compute.backend.openSeq2Seq(
        plan::plannedConfig(model.checkpoint, plan), weights, how, silent);
    const auto collector = network->collectMoments({.gradients = true});
    std::vector<backend::TokenIds> sources, targets;
    for (const method::CalibrationExample& example : model.calibration->record().examples) {
        sources.push_back(example.source);
        targets.push_back(example.target);
    }
    const std::size_t count = std::min(sources.size(), mostDialogues);
    for (std::size_t first = 0; first < count; first += dialoguesAtOnce) {
        throwIfStopped(progress);
        progress.report(static_cast<double>(first) / static_cast<double>(count),
                        "gradients of the loss at half the parameters");
        const std::size_t some = std::min(dialoguesAtOnce, count - first);
        collector->add(std::span(sources).subspan(first, some),
                       std::span(targets).subspan(first, some), silent);
    }
    return collector->gradients();
}

double trace(const Matrix& a) {
    double sum = 0;
    for (std::int64_t i = 0; i < a.rows; ++i)
        sum += a.values[static_cast<std::size_t>(i * a.columns + i)];
    return sum;
}

/// Σ (g · e)² over tokens for errors e that are independent of the gradients g: |g|² |e|² / (d N),
/// with |e|² = |Y|², the whole output.
double riseOf(const WeightMatrix& matrix, const MeasuredPlanning& planning,
              const Gradients& gradients) {
    const backend::InputMoments inputs = planning.model.calibration->inputs(matrix.module(), false);
    const Matrix weight = planning.model.checkpoint.readMatrix(matrix);
    const Matrix onInputs = planning.model.compute.algebra().multiply(weight, inputs.second);
    return trace(gradients.at(matrix.module()).second) * innerProduct(onInputs, weight) /
           (static_cast<double>(matrix.rows) * static_cast<double>(inputs.tokens));
}

void multiply(std::vector<double>& errors, double rise) {
    for (double& error : errors) error *= std::sqrt(std::max(0.0, rise));
}

}  // namespace

std::shared_ptr<const method::SlimErrorTable> slimErrorsByGradient(const MeasuredPlanning& planning,
                                                                   const PlanOptions& given,
                                                                   const Progress& progress) {
    PlanOptions options = given;
    options.storage = plan::StorageChoice::Plain;
    options.headSize = 0;
    const method::CalibratedModel& model = planning.model;
    CompressionPlan even;
    try {
        even = evenPlan(planning, options);
    } catch (const Error& error) {  // not all that a plain T5 has one size of is chosen
        if (error.kind() != ErrorKind::Usage) throw;
        options.storage = plan::StorageChoice::Sizes;
        even = evenPlan(planning, options);
    }
    const Gradients gradients = gradientsAt(planning, even, progress);
    auto table = std::make_shared<method::SlimErrorTable>(*planning.slimErrors);
    for (const method::SlimSublayer& sublayer :
         method::slimSublayers(model.checkpoint, model.matrices)) {
        method::SlimErrors& errors = table->at(sublayer.name);
        if (sublayer.hasValues()) {
            const double rise = riseOf(*sublayer.o, planning, gradients);
            for (std::vector<double>& head : errors.values) multiply(head, rise);
        }
        if (sublayer.hasUnits()) multiply(errors.units, riseOf(*sublayer.wo, planning, gradients));
        if (!sublayer.hasScores()) continue;
        const auto tokens = [&](const WeightMatrix& matrix) {
            return static_cast<double>(model.calibration->inputs(matrix.module(), false).tokens);
        };
        const double pairs = tokens(*sublayer.q) * tokens(*sublayer.k);
        const std::vector<double>& squares = gradients.at(sublayer.q->module()).scores;
        for (std::size_t head = 0; head < errors.scores.size(); ++head)
            multiply(errors.scores[head], squares[head] * errors.scoresSquared / pairs);
    }
    return table;
}

std::map<std::string, double> weightsByGradient(const MeasuredPlanning& planning,
                                                const PlanOptions& given,
                                                const Progress& progress) {
    PlanOptions options = given;
    options.method = "svd";
    options.settings = {};
    const Gradients gradients = gradientsAt(planning, evenPlan(planning, options), progress);
    std::map<std::string, double> weights;
    double sum = 0;
    for (const WeightMatrix& matrix : planning.model.matrices) {
        const auto known = gradients.find(matrix.module());
        const bool measured = known != gradients.end() && known->second.second.rows > 0;
        weights[matrix.name] =
            measured ? std::sqrt(std::max(0.0, riseOf(matrix, planning, gradients))) : 0;
        sum += weights[matrix.name];
    }
    const double mean = sum / static_cast<double>(weights.size());
    for (auto& [name, weight] : weights) weight = mean > 0 && weight > 0 ? weight / mean : 1;
    return weights;
}

}  // namespace rankscope::search
