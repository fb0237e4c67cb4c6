// SPDX-License-Identifier: Apache-2.0
#include "core/compress/planned_weights.h"

#include <algorithm>
#include <utility>

#include "core/compress/compress.h"
#include "core/compress/layer.h"
#include "core/compress/storage_forms.h"
#include "core/model/checkpoint_weights.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

using backend::LayerWeights;
using backend::Tensor;

PlannedWeights::PlannedWeights(const checkpoint::Checkpoint& checkpoint,
                               const plan::CompressionPlan& plan, const backend::Device& device,
                               const backend::Backend& backend)
    : m_source(checkpoint),
      m_checkpoint(&checkpoint),
      m_plan(&plan),
      m_device(device),
      m_backend(&backend) {}

LayerWeights PlannedWeights::matrix(const std::string& module) const {
    const auto entry = std::ranges::find_if(
        m_plan->entries, [&](const plan::PlanEntry& e) { return e.matrix.module() == module; });
    if (entry == m_plan->entries.end() || entry->kept) return m_source.matrix(module);
    CompressOptions options;
    options.device = m_device;
    Layer layer = makeLayer(*m_checkpoint, *m_plan, *entry, options, *m_backend);
    if (layer.result.kept) return m_source.matrix(module);
    LayerWeights weights;
    for (FormTensor& tensor : layer.form.tensors)
        model::placeTensor(
            weights, std::string_view(tensor.description.name).substr(module.size()),
            {tensor.description.dtype, tensor.description.shape, std::move(tensor.bytes)});
    return weights;
}

Tensor PlannedWeights::tensor(const std::string& name) const { return m_source.tensor(name); }

}  // namespace rankscope::compress
