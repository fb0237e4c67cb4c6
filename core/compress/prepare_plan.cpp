// SPDX-License-Identifier: Apache-2.0
#include "core/compress/prepare_plan.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "core/backend/moments.h"
#include "core/compress/layer_factors.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/plan.h"
#include "core/spectra/compute_spectra.h"

namespace rankscope::compress {

using method::MethodNeeds;
using plan::PlanEntry;

namespace {

/// Whether the factors of an entry are only known once the layers before it are.
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

backend::Tensor floats(const Matrix& a) {
    const std::vector<float> values(a.values.begin(), a.values.end());
    backend::Tensor tensor{DType::F32, {a.rows, a.columns}, {}};
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
}

/// What the walk goes over; its spans are of the vectors here.
struct Examples {
    std::vector<backend::TokenIds> sources, targets;
    double rarity = 0;

    explicit Examples(const plan::CompressionPlan& plan) {
        for (const method::CalibrationExample& example : plan.calibration->record().examples) {
            sources.push_back(example.source);
            targets.push_back(example.target);
        }
        for (const PlanEntry& entry : plan.entries)
            if (!entry.kept && method::methodNamed(entry.method).rareTokensCountMore)
                rarity = plan.settings.rarity;
    }
};

/// One matrix by its entry's method, from what the walk has met.
backend::Factors walkedFactors(const plan::CompressionPlan& plan, const PlanEntry& entry,
                               const Matrix& weight, const backend::WalkedGroup& group,
                               const backend::Device& device, const backend::Backend& backend) {
    const method::MethodInput input{
        .weight = weight, .rank = entry.rank, .settings = plan.settings};
    const method::Method& method = method::methodNamed(entry.method);
    const backend::Factors factors = method.factorizeWalked != nullptr
                                         ? method.factorizeWalked(input, group, device, backend)
                                         : layerFactors(plan, entry, weight, device, backend);
    return plan.settings.refit ? method::refitted(input, factors, group, device, backend) : factors;
}

}  // namespace

void preparePlan(plan::CompressionPlan& plan, const checkpoint::Checkpoint& checkpoint,
                 const backend::Device& device, const backend::Backend& backend,
                 const Progress& progress) {
    const auto wanted = std::ranges::count_if(
        plan.entries, [&](const PlanEntry& entry) { return needsWalk(plan, entry); });
    if (wanted == 0) return;
    requireCalibration(plan);
    const Examples examples(plan);
    backend::Seq2SeqOptions options;
    options.device = device;
    const model::CheckpointWeights weights(checkpoint);
    const auto walk =
        backend.openLayerWalk(model::dimensionsOf(checkpoint), weights, options,
                              {examples.sources, examples.targets, examples.rarity}, progress);
    auto prepared = std::make_shared<plan::PreparedFactors>();
    while (const auto group = walk->next(progress)) {
        for (const std::string& module : group->modules) {
            const PlanEntry* const entry = walkedEntry(plan, module);
            if (entry == nullptr) continue;
            const Matrix weight = checkpoint.readMatrix(entry->matrix);
            spectra::requireFinite(weight, entry->matrix.name);
            backend::Factors factors = walkedFactors(plan, *entry, weight, *group, device, backend);
            backend::LayerWeights replacement;
            replacement.down = floats(factors.right);
            replacement.up = floats(factors.left);
            walk->replace(module, replacement);
            prepared->emplace(entry->matrix.name, std::move(factors));
            progress.report(static_cast<double>(prepared->size()) / static_cast<double>(wanted),
                            "anchoring " + entry->matrix.name);
        }
    }
    plan.prepared = std::move(prepared);
}

}  // namespace rankscope::compress
