// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/prepare_plan.h"

#include <cstring>
#include <memory>
#include <utility>

#include "core/backend/moments.h"
#include "core/compress/layer_factors.h"
#include "core/compress/method.h"
#include "core/evaluate/summarizer.h"
#include "core/spectra/compute_spectra.h"

namespace rankscope::evaluate {

using compress::MethodNeeds;
using compress::PlanEntry;

namespace {

bool needsWalk(const PlanEntry& entry) {
    return !entry.kept && compress::methodNamed(entry.method).needs == MethodNeeds::Walk;
}

/// The entry of a module that is anchored; null for all others.
const PlanEntry* anchoredEntry(const compress::CompressionPlan& plan, const std::string& module) {
    for (const PlanEntry& entry : plan.entries)
        if (entry.matrix.module() == module) return needsWalk(entry) ? &entry : nullptr;
    return nullptr;
}

backend::Tensor floats(const Matrix& a) {
    const std::vector<float> values(a.values.begin(), a.values.end());
    backend::Tensor tensor{DType::F32, {a.rows, a.columns}, {}};
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
}

}  // namespace

void preparePlan(compress::CompressionPlan& plan, const checkpoint::Checkpoint& checkpoint,
                 const backend::Device& device, const backend::Backend& backend,
                 const Progress& progress) {
    std::size_t wanted = 0;
    for (const PlanEntry& entry : plan.entries)
        if (needsWalk(entry)) ++wanted;
    if (wanted == 0) return;
    compress::requireCalibration(plan);
    std::vector<backend::TokenIds> sources;
    std::vector<backend::TokenIds> targets;
    for (const compress::CalibrationExample& example : plan.calibration->record().examples) {
        sources.push_back(example.source);
        targets.push_back(example.target);
    }
    backend::Seq2SeqOptions options;
    options.device = device;
    const CheckpointWeights weights(checkpoint);
    const auto walk = backend.openLayerWalk(dimensionsOf(checkpoint), weights, options, sources,
                                            targets, progress);
    auto prepared = std::make_shared<compress::PreparedFactors>();
    while (const auto group = walk->next(progress)) {
        for (const std::string& module : group->modules) {
            const PlanEntry* const entry = anchoredEntry(plan, module);
            if (entry == nullptr) continue;
            const Matrix weight = checkpoint.readMatrix(entry->matrix);
            spectra::requireFinite(weight, entry->matrix.name);
            backend::Factors factors = compress::anchored({.weight = weight,
                                                           .cross = group->cross,
                                                           .shifted = group->shifted,
                                                           .rank = entry->rank,
                                                           .ridge = plan.settings.ridge},
                                                          device, backend);
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

}  // namespace rankscope::evaluate
