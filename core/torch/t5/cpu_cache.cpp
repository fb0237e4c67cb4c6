// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <utility>

#include "core/torch/kernels/cpu_attention.h"
#include "core/torch/t5/decoder_cache.h"

namespace rankscope::torch_backend {

namespace {

class CpuCache final : public DecoderCache {
 public:
    CpuCache(const CacheShape& shape, const PositionBias& bias)
        : m_shape(shape),
          m_bias(bias.byDistance(shape.maxSteps)),
          m_present(static_cast<std::size_t>(shape.sources.count())),
          m_history(m_present.size() * static_cast<std::size_t>(shape.beams)) {
        std::iota(m_present.begin(), m_present.end(), std::int64_t{0});
        const std::int64_t rows = shape.sources.count() * shape.beams;
        for (const std::int64_t inner : shape.inner)
            for (int i = 0; i < 2; ++i)
                m_self.push_back(at::empty({rows, shape.maxSteps, inner}, at::kFloat));
    }

    void addCross(const at::Tensor& k, const at::Tensor& v) override {
        m_cross.push_back(k);
        m_cross.push_back(v);
    }

    at::Tensor self(std::size_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
        float* const keys = m_self[2 * layer].data_ptr<float>();
        float* const values = m_self[2 * layer + 1].data_ptr<float>();
        const std::int64_t inner = m_shape.inner[layer];
        m_places.clear();
        for (std::size_t row = 0; row < m_history.size(); ++row) {
            const std::int64_t own = place(ownRow(row), m_step) * inner;
            const auto at = static_cast<std::int64_t>(row);
            std::copy_n(k.data_ptr<float>() + at * k.stride(0), inner, keys + own);
            std::copy_n(v.data_ptr<float>() + at * v.stride(0), inner, values + own);
            for (std::size_t step = 0; step < m_history[row].size(); ++step)
                m_places.push_back(place(m_history[row][step], static_cast<std::int64_t>(step)) *
                                   inner);
            m_places.push_back(own);
        }
        StepAttention task = taskFor(q, keys, values);
        const std::int64_t count = m_step + 1;
        for (std::size_t row = 0; row < m_history.size(); ++row)
            addSource(task, static_cast<std::int64_t>(row) * count, count);
        task.bias = m_bias.data_ptr<float>() + m_shape.maxSteps - 1 - m_step;
        task.biasStride = m_bias.stride(0);
        return run(task, q);
    }

    at::Tensor cross(std::size_t layer, const at::Tensor& q) override {
        const at::Tensor& k = m_cross[2 * layer];
        const at::Tensor& v = m_cross[2 * layer + 1];
        m_places.clear();
        for (const std::int64_t source : m_present)
            for (std::int64_t j = 0; j < m_shape.sources.length(source); ++j)
                m_places.push_back((m_shape.sources.begin(source) + j) * k.stride(0));
        StepAttention task = taskFor(q, k.data_ptr<float>(), v.data_ptr<float>());
        task.queries = m_shape.beams;
        std::int64_t first = 0;
        for (const std::int64_t source : m_present) {
            addSource(task, first, m_shape.sources.length(source));
            first += m_shape.sources.length(source);
        }
        return run(task, q);
    }

    void advance() override {
        for (std::size_t row = 0; row < m_history.size(); ++row)
            m_history[row].push_back(ownRow(row));
        ++m_step;
    }

    void reorder(const at::Tensor& parents) override {
        std::vector<std::vector<std::int64_t>> history;
        for (std::size_t row = 0; row < m_history.size(); ++row)
            history.push_back(
                m_history[static_cast<std::size_t>(parents.data_ptr<std::int64_t>()[row])]);
        m_history = std::move(history);
    }

    void keepSources(const std::vector<std::int64_t>& sources) override {
        std::vector<std::int64_t> present;
        std::vector<std::vector<std::int64_t>> history;
        for (const std::int64_t source : sources) {
            present.push_back(m_present[static_cast<std::size_t>(source)]);
            for (std::int64_t beam = 0; beam < m_shape.beams; ++beam)
                history.push_back(
                    std::move(m_history[static_cast<std::size_t>(source * m_shape.beams + beam)]));
        }
        m_present = std::move(present);
        m_history = std::move(history);
    }

 private:
    /// The place in the caches that belongs to a present row.
    std::int64_t ownRow(std::size_t row) const {
        const auto beams = static_cast<std::size_t>(m_shape.beams);
        return m_present[row / beams] * m_shape.beams + static_cast<std::int64_t>(row % beams);
    }
    /// In rows of a cache.
    std::int64_t place(std::int64_t row, std::int64_t step) const {
        return row * m_shape.maxSteps + step;
    }

    /// Turns m_places into addresses.
    StepAttention taskFor(const at::Tensor& q, const float* keys, const float* values) {
        m_keys.clear();
        m_values.clear();
        for (const std::int64_t at : m_places) {
            m_keys.push_back(keys + at);
            m_values.push_back(values + at);
        }
        StepAttention task;
        task.q = {q.data_ptr<float>(), q.stride(0)};
        task.heads = m_shape.heads;
        task.width = q.size(1) / m_shape.heads;
        return task;
    }
    void addSource(StepAttention& task, std::int64_t first, std::int64_t count) const {
        task.sources.push_back({m_keys.data() + first, m_values.data() + first, count});
    }
    static at::Tensor run(StepAttention& task, const at::Tensor& q) {
        at::Tensor result = at::empty({q.size(0), q.size(1)}, q.options());
        task.out = result.data_ptr<float>();
        attend(task);
        return result;
    }

    CacheShape m_shape;
    at::Tensor m_bias;                    // [heads, 2 · maxSteps + 15]
    std::vector<at::Tensor> m_self;       // k and v per layer: [rows, maxSteps, its inner]
    std::vector<at::Tensor> m_cross;      // k and v per layer: [source rows, its inner]
    std::vector<std::int64_t> m_present;  // sources still decoded
    std::vector<std::vector<std::int64_t>> m_history;  // per present row: cache row of each step
    std::int64_t m_step = 0;
    std::vector<std::int64_t> m_places;
    std::vector<const float*> m_keys, m_values;
};

}  // namespace

DecoderCache::~DecoderCache() = default;

std::unique_ptr<DecoderCache> makeCpuCache(const CacheShape& shape, const PositionBias& bias) {
    return std::make_unique<CpuCache>(shape, bias);
}

}  // namespace rankscope::torch_backend
