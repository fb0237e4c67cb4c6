// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// Every matrix by one method at full rank, to be cut for any plan that has the method and these
/// settings; null where the factors of one rank are not those of another cut (methods that walk,
/// previews). `threads` matrices at once, 0: all cores.
std::shared_ptr<const plan::PreparedFactors> fullRankFactors(
    const checkpoint::Checkpoint& checkpoint, std::span<const checkpoint::WeightMatrix> matrices,
    const std::string& method, const method::MethodSettings& settings,
    const std::shared_ptr<const method::Calibration>& calibration, const backend::Device& device,
    int threads, const backend::Backend& backend, const Progress& progress);

/// The weights of a checkpoint whose planned matrices are two factors each, cut from the plan's
/// prepared ones and rounded to the checkpoint's type, whatever storage the plan asks for: for
/// measuring many plans, where choosing pivots would take most of the time. The pivoted and the
/// dense form hold the same W' but for rounding.
class PreparedWeights : public backend::WeightSource {
 public:
    PreparedWeights(const checkpoint::Checkpoint& checkpoint, const plan::CompressionPlan& plan,
                    const backend::Device& device, const backend::Backend& backend);
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    backend::Factors factorsOf(const plan::PlanEntry& entry) const;

    model::CheckpointWeights m_source;
    const checkpoint::Checkpoint* m_checkpoint;
    const plan::CompressionPlan* m_plan;
    backend::Device m_device;
    const backend::Backend* m_backend;
};

}  // namespace rankscope::compress
