// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"
#include "core/torch/t5/decoder_cache.h"
#include "core/torch/t5/t5_model.h"

namespace rankscope::torch_backend {

namespace {

class T5DecoderSteps final : public DecoderSteps {
 public:
    T5DecoderSteps(const T5Model& model, std::unique_ptr<DecoderCache> cache, std::int64_t maxSteps)
        : m_model(&model), m_cache(std::move(cache)), m_left(maxSteps) {}

    at::Tensor step(const at::Tensor& tokens) override {
        if (m_left-- == 0) throw Error("The decoder was asked for more tokens than announced.");
        at::Tensor x = m_model->embed(tokens);
        const std::vector<DecoderBlock>& blocks = m_model->decoderBlocks();
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            blocks[i].self.apply(x, [&](const at::Tensor& q, const at::Tensor& k,
                                        const at::Tensor& v) { return m_cache->self(i, q, k, v); });
            blocks[i].cross.apply(x, [&](const at::Tensor& q) { return m_cache->cross(i, q); });
            blocks[i].feedForward.apply(x);
        }
        m_cache->advance();
        return m_model->logits(m_model->decoderNorm()(x));
    }

    void reorder(const at::Tensor& parents) override { m_cache->reorder(parents); }
    void keepSources(const std::vector<std::int64_t>& sources) override {
        m_cache->keepSources(sources);
    }
    std::int64_t vocabulary() const override { return m_model->vocabulary(); }
    at::Device device() const override { return m_model->placement().device; }

 private:
    const T5Model* m_model;
    std::unique_ptr<DecoderCache> m_cache;
    std::int64_t m_left;
};

}  // namespace

std::unique_ptr<DecoderSteps> T5Model::startDecoding(std::span<const backend::TokenIds> sources,
                                                     std::int64_t beams, std::int64_t maxSteps,
                                                     const Progress& progress) const {
    const at::Tensor encoded = encode(sources, progress);
    CacheShape shape;
    shape.placement = m_placement;
    shape.heads = heads();
    for (const DecoderBlock& block : m_decoder) shape.inner.push_back(block.self.heads.inner);
    shape.beams = beams;
    shape.maxSteps = maxSteps;
    shape.sources = Ragged(sources);
    std::unique_ptr<DecoderCache> cache = m_placement.cpuFloat()
                                              ? makeCpuCache(shape, m_decoderBias)
                                              : makeAtenCache(shape, m_decoderBias);
    for (const DecoderBlock& block : m_decoder) {
        throwIfStopped(progress);
        cache->addCross(block.cross.keys(encoded), block.cross.values(encoded));
    }
    return std::make_unique<T5DecoderSteps>(*this, std::move(cache), maxSteps);
}

}  // namespace rankscope::torch_backend
