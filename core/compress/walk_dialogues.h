// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/backend/moments.h"
#include "core/backend/seq2seq.h"
#include "core/base/tensor_view.h"
#include "core/method/calibration.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// The dialogues of a calibration for a walk through the layers.
class WalkDialogues {
 public:
    WalkDialogues(const plan::CompressionPlan& plan, const method::Calibration& calibration);

    /// Views into this object.
    backend::WalkExamples examples() const { return {m_sources, m_targets, m_rarity}; }

 private:
    std::vector<backend::TokenIds> m_sources, m_targets;
    double m_rarity = 0;
};

/// Rounded to float32, as a walk replaces a layer by it.
backend::Tensor floatTensor(const Matrix& a);

}  // namespace rankscope::compress
