// SPDX-License-Identifier: Apache-2.0
#include "core/compress/walk_dialogues.h"

#include <cstring>

#include "core/method/method.h"

namespace rankscope::compress {

WalkDialogues::WalkDialogues(const plan::CompressionPlan& plan,
                             const method::Calibration& calibration) {
    for (const method::CalibrationExample& example : calibration.record().examples) {
        m_sources.push_back(example.source);
        m_targets.push_back(example.target);
    }
    for (const plan::PlanEntry& entry : plan.entries)
        if (!entry.kept && method::methodNamed(entry.method).rareTokensCountMore)
            m_rarity = plan.settings.rarity;
}

backend::Tensor floatTensor(const Matrix& a) {
    const std::vector<float> values(a.values.begin(), a.values.end());
    backend::Tensor tensor{DType::F32, {a.rows, a.columns}, {}};
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
}

}  // namespace rankscope::compress
