// SPDX-License-Identifier: Apache-2.0
#include "core/compress/prepared_weights.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/compress/layer_factors.h"
#include "core/compress/storage_forms.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/plan.h"
#include "core/spectra/compute_spectra.h"

namespace rankscope::compress {

using plan::PlanEntry;

namespace {

backend::Tensor rounded(const Matrix& values, DType dtype, const std::string& name) {
    return {dtype, {values.rows, values.columns}, roundTo(dtype, values.values, name)};
}

}  // namespace

std::shared_ptr<const plan::PreparedFactors> fullRankFactors(
    const checkpoint::Checkpoint& checkpoint, std::span<const checkpoint::WeightMatrix> matrices,
    const std::string& method, const method::MethodSettings& settings,
    const std::shared_ptr<const method::Calibration>& calibration, const backend::Device& device,
    int threads, const backend::Backend& backend, const Progress& progress) {
    const method::Method& how = method::methodNamed(method);
    if (how.needs == method::MethodNeeds::Walk || how.preview) return nullptr;
    plan::CompressionPlan plan;
    plan.calibration = calibration;
    plan.settings = settings;
    auto factors = std::make_shared<plan::PreparedFactors>();
    const std::vector<std::size_t> order = spectra::largestFirst(matrices);
    std::mutex mutex;
    runInParallel(order.size(), threads > 0 ? threads : availableCores(), [&](std::size_t i) {
        throwIfStopped(progress);
        const checkpoint::WeightMatrix& matrix = matrices[order[i]];
        const Matrix weight = checkpoint.readMatrix(matrix);
        spectra::requireFinite(weight, matrix.name);
        PlanEntry entry;
        entry.matrix = matrix;
        entry.rank = std::min(matrix.rank, matrix.fullRank());
        entry.method = method;
        backend::Factors made = layerFactors(plan, entry, weight, device, backend);
        const std::lock_guard lock(mutex);
        factors->emplace(matrix.name, std::move(made));
    });
    return factors;
}

PreparedWeights::PreparedWeights(const checkpoint::Checkpoint& checkpoint,
                                 const plan::CompressionPlan& plan, const backend::Device& device,
                                 const backend::Backend& backend)
    : m_source(checkpoint),
      m_checkpoint(&checkpoint),
      m_plan(&plan),
      m_device(device),
      m_backend(&backend) {}

backend::Factors PreparedWeights::factorsOf(const PlanEntry& entry) const {
    // Asked first, since then the matrix need not be read.
    if (auto prepared = preparedFactors(*m_plan, entry)) return *std::move(prepared);
    const Matrix weight = m_checkpoint->readMatrix(entry.matrix);
    spectra::requireFinite(weight, entry.matrix.name);
    return layerFactors(*m_plan, entry, weight, m_device, *m_backend);
}

backend::LayerWeights PreparedWeights::matrix(const std::string& module) const {
    const auto entry = std::ranges::find_if(
        m_plan->entries, [&](const PlanEntry& e) { return e.matrix.module() == module; });
    if (entry == m_plan->entries.end() || entry->kept) return m_source.matrix(module);
    const backend::Factors factors = factorsOf(*entry);
    backend::LayerWeights weights;
    weights.down = rounded(factors.right, entry->matrix.dtype, module + ".down.weight");
    weights.up = rounded(factors.left, entry->matrix.dtype, module + ".up.weight");
    return weights;
}

backend::Tensor PreparedWeights::tensor(const std::string& name) const {
    return m_source.tensor(name);
}

}  // namespace rankscope::compress
