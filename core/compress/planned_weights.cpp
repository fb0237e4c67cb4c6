// SPDX-License-Identifier: Apache-2.0
#include "core/compress/planned_weights.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/compress/layer.h"
#include "core/compress/storage_forms.h"

namespace rankscope::compress {

using backend::LayerWeights;
using backend::Tensor;

namespace {

Tensor rounded(const Matrix& values, DType dtype, const std::string& name) {
    return {dtype, {values.rows, values.columns}, roundTo(dtype, values.values, name)};
}

}  // namespace

PlannedWeights::PlannedWeights(const PlannedModel& model, const FactorSource& factors,
                               PlannedForm form)
    : m_model(model), m_factors(factors), m_form(form), m_source(model.checkpoint) {}

LayerWeights PlannedWeights::matrix(const std::string& module) const {
    const auto& entries = m_model.plan.entries;
    const auto entry = std::ranges::find_if(
        entries, [&](const plan::PlanEntry& e) { return e.matrix.module() == module; });
    if (entry == entries.end() || entry->kept) return m_source.matrix(module);
    LayerWeights weights;
    if (entry->cut != plan::Cut::None) {
        weights.dense =
            rounded(m_factors.cutMatrix(*entry), entry->matrix.dtype, entry->matrix.name);
        return weights;
    }
    if (m_form == PlannedForm::TwoFactors) {
        const backend::Factors factors = m_factors.factors(*entry);
        weights.down = rounded(factors.right, entry->matrix.dtype, module + ".down.weight");
        weights.up = rounded(factors.left, entry->matrix.dtype, module + ".up.weight");
        return weights;
    }
    Layer layer = makeLayer(m_model.checkpoint, *entry, m_factors, {}, m_model.compute.algebra());
    if (layer.result.kept) return m_source.matrix(module);
    for (FormTensor& tensor : layer.form.tensors)
        model::placeTensor(
            weights, std::string_view(tensor.description.name).substr(module.size()),
            {tensor.description.dtype, tensor.description.shape, std::move(tensor.bytes)});
    return weights;
}

Tensor PlannedWeights::tensor(const std::string& name) const {
    Tensor tensor = m_source.tensor(name);
    const RefinedWeights* const refined = m_factors.refined();
    if (refined == nullptr) return tensor;
    const auto norm = refined->norms.find(name);
    if (norm != refined->norms.end()) tensor.bytes = roundTo(tensor.dtype, norm->second, name);
    return tensor;
}

}  // namespace rankscope::compress
