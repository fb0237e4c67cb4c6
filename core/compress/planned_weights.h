// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/backend/seq2seq.h"
#include "core/compress/factor_source.h"
#include "core/model/checkpoint_weights.h"

namespace rankscope::compress {

/// How the weights of a plan are stored when it is applied in memory.
enum class PlannedForm {
    AsStored,    ///< in the storage that the plan asks for, as a save would hold them
    TwoFactors,  ///< as two factors, rounded to the checkpoint's type: the same W' except for
                 ///< rounding, without the choice of pivots, for measuring many plans
};

/// The weights of a checkpoint compressed by a plan in memory; nothing is written.
class PlannedWeights : public backend::WeightSource {
 public:
    /// Both must outlive it.
    PlannedWeights(const PlannedModel& model, const FactorSource& factors, PlannedForm form);
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    const PlannedModel& m_model;
    const FactorSource& m_factors;
    PlannedForm m_form;
    model::CheckpointWeights m_source;
};

}  // namespace rankscope::compress
