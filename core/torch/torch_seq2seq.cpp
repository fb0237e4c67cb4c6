// SPDX-License-Identifier: Apache-2.0
#include "core/torch/torch_seq2seq.h"

#include <fmt/format.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>

#include "core/base/error.h"
#include "core/torch/generation/generation.h"
#include "core/torch/linear_algebra/torch_errors.h"
#include "core/torch/moments/moment_collector.h"
#include "core/torch/moments/teacher_forcing.h"

namespace rankscope::torch_backend {

using backend::TokenIds;

namespace {

/// Rows of logits computed at once for the loss: 256 · 32128 numbers are 33 MB.
constexpr std::int64_t lossRows = 256;

std::vector<float> toFloats(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kCPU, at::kFloat).contiguous();
    return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

/// -log p of each row's label, float32 on the CPU [rows].
at::Tensor labelLosses(const T5Model& model, const at::Tensor& decoded, const at::Tensor& labels,
                       const Progress& progress) {
    std::vector<at::Tensor> losses;
    for (std::int64_t row = 0; row < labels.size(0); row += lossRows) {
        throwIfStopped(progress);
        const std::int64_t count = std::min(lossRows, labels.size(0) - row);
        const at::Tensor logProbabilities =
            at::log_softmax(model.logits(decoded.narrow(0, row, count)), -1);
        losses.push_back(
            logProbabilities.gather(1, labels.narrow(0, row, count).unsqueeze(1)).squeeze(1).neg());
    }
    return at::cat(losses).to(at::kCPU);
}

}  // namespace

TorchSeq2Seq::TorchSeq2Seq(const t5::T5Config& config, const backend::WeightSource& source,
                           const Placement& placement, const Progress& progress)
    : m_config(config), m_model(config, source, placement, progress) {}

std::vector<backend::SequenceLoss> TorchSeq2Seq::loss(std::span<const TokenIds> sources,
                                                      std::span<const TokenIds> targets,
                                                      const Progress& progress) {
    checkPairs(sources, targets, vocabulary());
    if (sources.empty()) return {};
    const std::vector<TokenIds> inputs = teacherForced(targets, m_config.decoderStartTokenId);
    return onAllCores("The loss", [&] {
        const at::Tensor decoded =
            m_model.decode(inputs, m_model.encode(sources, progress), Ragged(sources), progress);
        const at::Tensor losses =
            labelLosses(m_model, decoded, joinedIds(targets, m_model.placement().device), progress);
        std::vector<backend::SequenceLoss> result(targets.size());
        const float* next = losses.data_ptr<float>();
        for (std::size_t i = 0; i < targets.size(); ++i) {
            result[i].tokens = static_cast<std::int64_t>(targets[i].size());
            for (std::size_t j = 0; j < targets[i].size(); ++j)
                result[i].sum += static_cast<double>(*next++);
        }
        return result;
    });
}

std::vector<backend::GeneratedSequence> TorchSeq2Seq::generate(
    std::span<const TokenIds> sources, const backend::GenerationOptions& options,
    const Progress& progress) {
    checkIds(sources, "Source", vocabulary());
    checkGenerationOptions(options, vocabulary());
    if (sources.empty()) return {};
    return onAllCores("The generation", [&] {
        const std::unique_ptr<DecoderSteps> steps =
            m_model.startDecoding(sources, options.beams, options.maxNewTokens, progress);
        return torch_backend::generate(*steps, static_cast<std::int64_t>(sources.size()), options,
                                       {.start = m_config.decoderStartTokenId,
                                        .eos = m_config.eosTokenId,
                                        .pad = m_config.padTokenId},
                                       progress);
    });
}

backend::Activations TorchSeq2Seq::activations(std::span<const TokenIds> sources,
                                               std::span<const TokenIds> decoderInputs,
                                               bool stepwise) {
    if (sources.size() != decoderInputs.size())
        throw Error(fmt::format("{} sources do not go with {} decoder inputs.", sources.size(),
                                decoderInputs.size()));
    checkIds(sources, "Source", vocabulary());
    checkIds(decoderInputs, "Decoder input", vocabulary());
    if (sources.empty()) return {};
    return onAllCores("The hidden states", [&] {
        backend::Activations result;
        std::vector<at::Tensor> states;
        const at::Tensor encoded = m_model.encode(sources, {}, &states);
        for (const at::Tensor& state : states) result.encoder.push_back(toFloats(state));
        if (stepwise) {
            result.logits = toFloats(stepwiseLogits(sources, decoderInputs));
            return result;
        }
        states.clear();
        const at::Tensor decoded =
            m_model.decode(decoderInputs, encoded, Ragged(sources), {}, &states);
        for (const at::Tensor& state : states) result.decoder.push_back(toFloats(state));
        result.logits = toFloats(m_model.logits(decoded));
        return result;
    });
}

std::unique_ptr<backend::MomentCollector> TorchSeq2Seq::collectMoments(
    const backend::MomentOptions& options) {
    return std::make_unique<TorchMomentCollector>(m_model, options);
}

/// Rows that have ended are fed padding until the longest has ended too.
at::Tensor TorchSeq2Seq::stepwiseLogits(std::span<const TokenIds> sources,
                                        std::span<const TokenIds> decoderInputs) const {
    const Ragged rows(decoderInputs);
    const std::unique_ptr<DecoderSteps> steps =
        m_model.startDecoding(sources, /*beams=*/1, rows.longest(), {});
    std::vector<at::Tensor> byStep;
    for (std::size_t step = 0; step < static_cast<std::size_t>(rows.longest()); ++step) {
        std::vector<std::int64_t> tokens;
        for (const TokenIds& ids : decoderInputs)
            tokens.push_back(step < ids.size() ? ids[step] : m_config.padTokenId);
        byStep.push_back(steps->step(at::tensor(tokens, at::kLong).to(steps->device())));
    }
    std::vector<at::Tensor> ordered;
    for (std::int64_t i = 0; i < rows.count(); ++i)
        for (std::int64_t step = 0; step < rows.length(i); ++step)
            ordered.push_back(byStep[static_cast<std::size_t>(step)].select(0, i));
    return at::stack(ordered);
}

namespace {

/// Lets the allocator keep memory that layers free: else the system clears new pages for every
/// large intermediate result (docs/performance.md).
void keepFreedMemory() {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that glibc takes
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

}  // namespace

std::unique_ptr<backend::Seq2Seq> openSeq2Seq(const t5::T5Config& config,
                                              const backend::WeightSource& source,
                                              const backend::Seq2SeqOptions& options,
                                              const Progress& progress) {
    return onAllCores("The model", [&] {
        auto model = std::make_unique<TorchSeq2Seq>(config, source, placementOf(options), progress);
        keepFreedMemory();  // afterwards: what loading frees goes back
        return model;
    });
}

}  // namespace rankscope::torch_backend
