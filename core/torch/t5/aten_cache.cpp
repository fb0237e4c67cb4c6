// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "core/torch/t5/decoder_cache.h"

namespace rankscope::torch_backend {

namespace {

class AtenCache final : public DecoderCache {
 public:
    AtenCache(const CacheShape& shape, const PositionBias& bias)
        : m_shape(shape),
          m_rows(shape.sources.count() * shape.beams),
          m_bias(bias.byDistance(shape.maxSteps)),
          m_padding(shape.sources, shape.placement.device),
          m_mask(m_padding.mask(shape.placement.type)),
          m_self(2 * shape.inner.size()) {}

    void addCross(const at::Tensor& k, const at::Tensor& v) override {
        // Keys transposed: products with few queries are faster so, 1.4 times with one on an H100.
        m_cross.push_back(split(k).permute({0, 2, 3, 1}).contiguous());
        m_cross.push_back(split(v).transpose(1, 2).contiguous());
    }

    at::Tensor self(std::size_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
        const at::Tensor keys = joined(m_self[2 * layer], k);
        const at::Tensor values = joined(m_self[2 * layer + 1], v);
        const at::Tensor bias =
            m_bias.narrow(1, m_shape.maxSteps - 1 - m_step, m_step + 1).unsqueeze(1);
        return attended(q.reshape({m_rows, m_shape.heads, 1, -1}), keys.transpose(2, 3), values,
                        bias);
    }

    at::Tensor cross(std::size_t layer, const at::Tensor& q) override {
        const std::int64_t sources = m_rows / m_shape.beams;
        const at::Tensor queries =
            q.reshape({sources, m_shape.beams, m_shape.heads, -1}).transpose(1, 2);
        return attended(queries, m_cross[2 * layer], m_cross[2 * layer + 1], m_mask);
    }

    void advance() override { ++m_step; }

    /// Each cache is copied once, into the memory that the one before it has left.
    void reorder(const at::Tensor& parents) override {
        for (at::Tensor& cache : m_self) {
            if (!cache.defined()) continue;
            if (!m_spare.defined() || m_spare.sizes() != cache.sizes())
                m_spare = at::empty_like(cache);
            at::Tensor used = m_spare.narrow(2, 0, m_step);
            at::index_select_out(used, cache.narrow(2, 0, m_step), 0, parents);
            std::swap(cache, m_spare);
        }
    }

    void keepSources(const std::vector<std::int64_t>& sources) override {
        const at::Tensor kept = at::tensor(sources, at::kLong).to(m_shape.placement.device);
        for (at::Tensor& cache : m_cross) cache = cache.index_select(0, kept);
        m_mask = m_mask.index_select(0, kept);
        const at::Tensor beams =
            at::arange(m_shape.beams, at::TensorOptions(kept.device()).dtype(at::kLong));
        const at::Tensor rows = kept.mul(m_shape.beams).unsqueeze(1).add(beams).flatten();
        for (at::Tensor& cache : m_self)
            if (cache.defined()) cache = cache.index_select(0, rows);
        m_rows = rows.size(0);
    }

 private:
    /// The cache [rows, heads, steps so far, width] with one more step in it. Memory is taken for
    /// 64 steps at a time.
    at::Tensor joined(at::Tensor& cache, const at::Tensor& next) const {
        if (!cache.defined() || cache.size(2) == m_step) {
            const std::int64_t more = std::min<std::int64_t>(64, m_shape.maxSteps - m_step);
            const at::Tensor empty = at::empty(
                {m_rows, m_shape.heads, more, next.size(1) / m_shape.heads}, next.options());
            cache = cache.defined() ? at::cat({cache, empty}, 2) : empty;
        }
        cache.select(2, m_step).copy_(next.reshape({m_rows, m_shape.heads, -1}));
        return cache.narrow(2, 0, m_step + 1);
    }

    /// Rows of the encoder's output by source, place and head: [sources, longest, heads, width]
    at::Tensor split(const at::Tensor& rows) const {
        const at::Tensor block = m_padding.padded(rows);
        return block.view({block.size(0), block.size(1), m_shape.heads, -1});
    }

    /// q [n, heads, queries, width], keys [n, heads, width, keys], v [n, heads, keys, width]
    /// -> [n · queries, heads · width]
    at::Tensor attended(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& v,
                        const at::Tensor& added) const {
        const at::Tensor scores = at::matmul(q, keys).add_(added);
        const at::Tensor weights = at::softmax(scores, -1, at::kFloat).to(m_shape.placement.type);
        return at::matmul(weights, v).transpose(1, 2).reshape({m_rows, m_shape.heads * v.size(3)});
    }

    CacheShape m_shape;
    std::int64_t m_rows;
    at::Tensor m_bias;  // [heads, 2 · maxSteps + 15]
    Padding m_padding;
    at::Tensor m_mask;                // [sources, 1, 1, longest]
    std::vector<at::Tensor> m_self;   // k and v per layer: [rows, heads, steps, width]
    at::Tensor m_spare;               // as one of m_self
    std::vector<at::Tensor> m_cross;  // per layer k [sources, heads, width, longest] and v, which
                                      // is [sources, heads, longest, width]
    std::int64_t m_step = 0;
};

}  // namespace

std::unique_ptr<DecoderCache> makeAtenCache(const CacheShape& shape, const PositionBias& bias) {
    return std::make_unique<AtenCache>(shape, bias);
}

}  // namespace rankscope::torch_backend
