// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/plan.h"
#include "core/evaluate/summarizer.h"

namespace rankscope::evaluate {

/// Every matrix by one method at full rank, to be cut for any plan that has the method and these
/// settings; null where the factors of one rank are not those of another cut (methods that walk,
/// previews). `threads` matrices at once, 0: all cores.
std::shared_ptr<const compress::PreparedFactors> fullRankFactors(
    const checkpoint::Checkpoint& checkpoint, std::span<const checkpoint::WeightMatrix> matrices,
    const std::string& method, const compress::MethodSettings& settings,
    const std::shared_ptr<const compress::Calibration>& calibration, const backend::Device& device,
    int threads, const backend::Backend& backend, const Progress& progress);

/// The weights of a checkpoint whose planned matrices are two factors each, cut from the plan's
/// prepared ones and rounded to the checkpoint's type, whatever storage the plan asks for: for
/// measuring many plans, where choosing pivots would take most of the time. The pivoted and the
/// dense form hold the same W' but for rounding.
class PreparedWeights : public backend::WeightSource {
 public:
    PreparedWeights(const checkpoint::Checkpoint& checkpoint, const compress::CompressionPlan& plan,
                    const backend::Device& device, const backend::Backend& backend);
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    backend::Factors factorsOf(const compress::PlanEntry& entry) const;

    CheckpointWeights m_source;
    const checkpoint::Checkpoint* m_checkpoint;
    const compress::CompressionPlan* m_plan;
    backend::Device m_device;
    const backend::Backend* m_backend;
};

}  // namespace rankscope::evaluate
