// SPDX-License-Identifier: Apache-2.0
#include "core/compress/factor_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/backend/moments.h"
#include "core/base/error.h"
#include "core/compress/slim_cut.h"
#include "core/compress/walk_dialogues.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/slim_plan.h"
#include "core/spectra/for_each_matrix.h"

namespace rankscope::compress {

using method::Method;
using method::MethodNeeds;
using plan::PlanEntry;

namespace {

/// True if the factors of an entry are only known once the layers before it are.
bool needsWalk(const plan::CompressionPlan& plan, const PlanEntry& entry) {
    return !entry.kept &&
           (plan.settings.refit || method::methodNamed(entry.method).needs == MethodNeeds::Walk);
}

/// The entry of a module that needs the walk; null for all others.
const PlanEntry* walkedEntry(const plan::CompressionPlan& plan, const std::string& module) {
    for (const PlanEntry& entry : plan.entries)
        if (entry.matrix.module() == module) return needsWalk(plan, entry) ? &entry : nullptr;
    return nullptr;
}

/// One matrix by a method that needs no walk.
backend::Factors factorized(const method::MethodChoice& how, const checkpoint::WeightMatrix& matrix,
                            const Matrix& weight, std::int64_t rank,
                            const backend::LinearAlgebra& algebra) {
    const Method& method = method::methodNamed(how.method);
    method::requireCalibration(method, how.settings, how.calibration);
    requireOutputs(method, matrix);
    method::MethodInput input{.weight = weight, .rank = rank, .settings = how.settings};
    std::optional<backend::InputMoments> inputs;
    std::optional<backend::GradientMoments> gradients;
    if (method.needs != MethodNeeds::Nothing) {
        inputs = how.calibration->inputs(matrix.module(), false);
        input.inputs = &*inputs;
    }
    if (method.needs == MethodNeeds::Gradients) {
        gradients = how.calibration->gradients(matrix.module());
        input.gradients = &*gradients;
    }
    return method.factorize(input, algebra);
}

/// One matrix by its entry's method, from the inputs that the walk has collected.
backend::Factors walkedFactors(const PlannedModel& model, const PlanEntry& entry,
                               const Matrix& weight, const backend::WalkedGroup& group) {
    const backend::LinearAlgebra& algebra = model.compute.algebra();
    const method::MethodSettings& settings = model.plan.settings;
    const method::MethodInput input{.weight = weight, .rank = entry.rank, .settings = settings};
    const Method& method = method::methodNamed(entry.method);
    const backend::Factors factors = method.factorizeWalked != nullptr
                                         ? method.factorizeWalked(input, group, algebra)
                                         : FactorSource(model).factors(entry, weight);
    return settings.refit ? method::refitted(input, factors, group, algebra) : factors;
}

/// The factors of all entries that need the walk.
std::shared_ptr<const FullRankFactors> walk(const PlannedModel& model, std::size_t wanted,
                                            const Progress& progress) {
    const WalkDialogues examples(model.plan, *model.calibration);
    backend::Seq2SeqOptions options;
    options.device = model.compute.device;
    const model::CheckpointWeights weights(model.checkpoint);
    const auto walk = model.compute.backend.openLayerWalk(model.checkpoint.config(), weights,
                                                          options, examples.examples(), progress);
    auto made = std::make_shared<FullRankFactors>();
    while (const auto group = walk->next(progress)) {
        for (const std::string& module : group->modules) {
            const PlanEntry* const entry = walkedEntry(model.plan, module);
            if (entry == nullptr) continue;
            const Matrix weight = model.checkpoint.readMatrix(entry->matrix);
            spectra::requireFinite(weight, entry->matrix.name);
            backend::Factors factors = walkedFactors(model, *entry, weight, *group);
            backend::LayerWeights replacement;
            replacement.down = floatTensor(factors.right);
            replacement.up = floatTensor(factors.left);
            walk->replace(module, replacement);
            made->emplace(entry->matrix.name, std::move(factors));
            progress.report(static_cast<double>(made->size()) / static_cast<double>(wanted),
                            "anchoring " + entry->matrix.name);
        }
    }
    return made;
}

}  // namespace

const Matrix& FactorSource::cutMatrix(const PlanEntry& entry) const {
    if (m_refined) {
        const auto refined = m_refined->cut.find(entry.matrix.name);
        if (refined != m_refined->cut.end()) return refined->second;
    }
    return m_cut->at(entry.matrix.name);
}

std::optional<backend::Factors> FactorSource::cut(const PlanEntry& entry) const {
    if (m_refined) {
        const auto refined = m_refined->factors.find(entry.matrix.name);
        if (refined != m_refined->factors.end()) return refined->second;
    }
    if (!m_model.known) return std::nullopt;
    const auto found = m_model.known->find(entry.matrix.name);
    if (found == m_model.known->end() || found->second.left.columns < entry.rank)
        return std::nullopt;
    return method::firstComponents(found->second, entry.rank);
}

backend::Factors FactorSource::factors(const PlanEntry& entry) const {
    if (auto known = cut(entry)) return *std::move(known);
    const Matrix weight = m_model.checkpoint.readMatrix(entry.matrix);
    spectra::requireFinite(weight, entry.matrix.name);
    return factors(entry, weight);
}

backend::Factors FactorSource::factors(const PlanEntry& entry, const Matrix& weight) const {
    if (auto known = cut(entry)) return *std::move(known);
    return factorized({entry.method, m_model.plan.settings, m_model.calibration}, entry.matrix,
                      weight, entry.rank, m_model.compute.algebra());
}

FactorSource unrefinedFactors(const PlannedModel& model, const Progress& progress) {
    FactorSource source(model);
    if (plan::isSlim(model.plan)) {
        source.m_cut = std::make_shared<const CutMatrices>(slimMatrices(model, progress));
        return source;
    }
    const auto wanted = std::ranges::count_if(
        model.plan.entries, [&](const PlanEntry& entry) { return needsWalk(model.plan, entry); });
    if (wanted == 0) return source;
    requireCalibration(model.plan, model.calibration);
    source.m_model.known = walk(model, static_cast<std::size_t>(wanted), progress);
    return source;
}

std::shared_ptr<const FullRankFactors> fullRankFactors(const method::CalibratedModel& model,
                                                       const method::MethodChoice& how,
                                                       const Progress& progress) {
    const Method& method = method::methodNamed(how.method);
    if (method.needs == MethodNeeds::Walk || method.preview) return nullptr;
    auto factors = std::make_shared<FullRankFactors>();
    std::mutex mutex;
    spectra::forEachMatrix(model.checkpoint, model.matrices, model.compute.threads, "factoring",
                           progress, [&](std::size_t place, const Matrix& weight) {
                               const checkpoint::WeightMatrix& matrix = model.matrices[place];
                               backend::Factors made = factorized(
                                   how, matrix, weight, std::min(matrix.rank, matrix.fullRank()),
                                   model.compute.algebra());
                               const std::lock_guard lock(mutex);
                               factors->emplace(matrix.name, std::move(made));
                           });
    return factors;
}

}  // namespace rankscope::compress
