// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/backend/backend.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// The weights of a checkpoint compressed by a plan in memory; nothing is written.
class PlannedWeights : public backend::WeightSource {
 public:
    PlannedWeights(const checkpoint::Checkpoint& checkpoint, const plan::CompressionPlan& plan,
                   const backend::Device& device, const backend::Backend& backend);
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    model::CheckpointWeights m_source;
    const checkpoint::Checkpoint* m_checkpoint;
    const plan::CompressionPlan* m_plan;
    backend::Device m_device;
    const backend::Backend* m_backend;
};

}  // namespace rankscope::compress
