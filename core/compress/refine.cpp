// SPDX-License-Identifier: Apache-2.0
#include "core/compress/refine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/backend/refinement.h"
#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/compress/planned_weights.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/slim_plan.h"

namespace rankscope::compress {

namespace {

/// Dialogues as a backend takes them.
struct TokenRows {
    explicit TokenRows(const std::vector<method::CalibrationExample>& examples) {
        for (const method::CalibrationExample& example : examples) {
            sources.push_back(example.source);
            targets.push_back(example.target);
        }
    }
    std::vector<backend::TokenIds> sources, targets;
};

Matrix wide(const backend::Tensor& tensor) {
    return {toFloat64(tensor.dtype, tensor.bytes), tensor.shape[0], tensor.shape[1]};
}

/// The same product with orthonormal rows in the right factor, as methods give them: rounding to
/// half types then costs no more than they do.
backend::Factors withOrthonormalRows(const backend::LayerWeights& weights,
                                     const backend::LinearAlgebra& algebra) {
    const Matrix right = wide(weights.down);
    const Matrix basis = algebra.orthonormalBasis(transposed(right));
    return {algebra.multiply(wide(weights.up), algebra.multiply(right, basis)), transposed(basis)};
}

/// Puts a refined block into `made`.
void take(const backend::RefinedBlock& block, const PlannedModel& model, RefinedWeights& made) {
    for (const plan::PlanEntry& entry : model.plan.entries) {
        const auto found = block.matrices.find(entry.matrix.module());
        if (found == block.matrices.end()) continue;
        if (entry.cut != plan::Cut::None)
            made.cut.emplace(entry.matrix.name, wide(found->second.dense));
        else
            made.factors.emplace(entry.matrix.name,
                                 withOrthonormalRows(found->second, model.compute.algebra()));
    }
    for (const auto& [name, norm] : block.norms)
        made.norms.emplace(name, toFloat64(norm.dtype, norm.bytes));
    made.blocks.push_back(
        {block.name, block.heldOutBefore, block.heldOutAfter, block.bestPass, block.leftAsItWas});
}

}  // namespace

std::shared_ptr<const RefinedWeights> refinedWeights(const PlannedModel& model,
                                                     const FactorSource& start,
                                                     const Progress& progress) {
    const t5::T5Config config = plan::plannedConfig(model.checkpoint, model.plan);
    const model::CheckpointWeights original(model.checkpoint);
    const PlannedWeights compressed(model, start, PlannedForm::TwoFactors);
    const method::CalibrationRecord& record = model.calibration->record();
    const TokenRows examples(record.examples), heldOut(record.heldOut);
    backend::RefinementTask task{.original = {model.checkpoint.config(), original},
                                 .compressed = {config, compressed},
                                 .examples = {examples.sources, examples.targets},
                                 .heldOut = {heldOut.sources, heldOut.targets}};
    task.options.passes = model.plan.settings.refinePasses;
    task.options.seed = model.plan.settings.seed;
    for (const plan::PlanEntry& entry : model.plan.entries)
        if (!entry.kept) task.modules.insert(entry.matrix.module());
    const auto refinement =
        model.compute.backend.openRefinement(task, model.compute.device, SilentProgress(progress));
    auto made = std::make_shared<RefinedWeights>();
    while (const auto block = refinement->next(progress)) {
        if (block->leftAsItWas)
            progress.warn(
                fmt::format("{} was left as it was before its refinement: a number "
                            "became infinite or NaN.",
                            block->name));
        take(*block, model, *made);
    }
    return made;
}

Json toJson(const std::vector<BlockLosses>& blocks) {
    const auto number = [](double loss) {
        return std::isfinite(loss) ? Json(loss) : Json(nullptr);
    };
    Json list = Json::array();
    for (const BlockLosses& block : blocks)
        list.push_back({{"block", block.block},
                        {"held_out_before", number(block.heldOutBefore)},
                        {"held_out_after", number(block.heldOutAfter)},
                        {"best_pass", block.bestPass},
                        {"left_as_it_was", block.leftAsItWas}});
    return list;
}

}  // namespace rankscope::compress
