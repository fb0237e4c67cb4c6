// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/backend/device.h"
#include "core/backend/generation.h"
#include "core/base/dtype.h"
#include "core/base/progress.h"
#include "core/base/shape.h"

namespace rankscope::backend {

/// A tensor that owns its bytes: little-endian, row-major.
struct Tensor {
    DType dtype = DType::F32;
    Shape shape;
    std::vector<std::byte> bytes;
};

/// A weight W [out, in] of y = x Wᵀ in its stored form. Either `dense` is set; or `down` and `up`,
/// W = up·down; or `down`, `mix` and `rows`, where row rows[i] of W is row i of
/// [down; mix·down]. W itself is never rebuilt from factors.
struct LayerWeights {
    Tensor dense;                    // [out, in]
    Tensor down;                     // [rank, in]
    Tensor up;                       // [out, rank]
    Tensor mix;                      // [out - rank, rank]
    std::vector<std::int64_t> rows;  // [out], a permutation
};

/// Where the layers of a model take their weights from: a checkpoint, or a checkpoint compressed in
/// memory. Asked for one tensor at a time, while the model is being built; never afterwards.
class WeightSource {
 public:
    virtual ~WeightSource();
    /// The matrix of a module, e.g. "encoder.block.0.layer.0.SelfAttention.q", "shared", "lm_head".
    virtual LayerWeights matrix(const std::string& module) const = 0;
    /// A vector or table by its whole name, e.g. "encoder.final_layer_norm.weight".
    virtual Tensor tensor(const std::string& name) const = 0;
};

/// Type that layers compute in. Norm statistics, softmax and loss are float32 in both.
enum class ComputeType { Float32, BFloat16 };

struct Seq2SeqOptions {
    Device device;
    ComputeType compute = ComputeType::Float32;
};

using TokenIds = std::vector<std::int32_t>;

/// Negative log-likelihood of one target, teacher-forced.
struct SequenceLoss {
    double sum = 0;           ///< -Σ log p(token); NaN or infinite if the model gives that
    std::int64_t tokens = 0;  ///< of the target, including </s>
};

/// One generated sequence.
struct GeneratedSequence {
    TokenIds ids;  ///< without the start token and padding; with </s> if it was reached
    /// Beam search: Σ log p / length^penalty, as transformers' sequences_scores. Greedy: Σ log p.
    double score = 0;
};

/// Every hidden state of one forward pass, float32, without padded rows. For tests and inspection.
struct Activations {
    /// After the embedding, after each block, and (in place of the last) after the final norm: as
    /// transformers' output_hidden_states. Each holds the sources' rows one after the other.
    std::vector<std::vector<float>> encoder;  // [layers + 1][tokens, dModel]
    std::vector<std::vector<float>> decoder;  // [layers + 1][tokens, dModel]
    std::vector<float> logits;                // [tokens, vocabulary]
};

class MomentCollector;  // moments.h
struct MomentOptions;   // moments.h

/// An encoder-decoder model ready to run. Not to be called from two threads at once; one call uses
/// all threads of the backend. Batches may be ragged; padding is added and masked inside.
/// Ids must lie in [0, vocabulary); else the functions throw Error naming the id and its row. Any
/// of them throws Error of kind OutOfMemory if the device has too little memory for the batch (a
/// smaller one may be tried), Interrupted if `progress` asks to stop.
class Seq2Seq {
 public:
    virtual ~Seq2Seq();

    /// Rows of the embedding: ids must be smaller.
    virtual std::int64_t vocabulary() const = 0;

    /// Loss of targets[i] (ending in </s>, as the tokenizer gives them) given sources[i]. The
    /// decoder is fed the target shifted right after the start token.
    virtual std::vector<SequenceLoss> loss(std::span<const TokenIds> sources,
                                           std::span<const TokenIds> targets,
                                           const Progress& progress) = 0;

    /// The best sequence for each source, as transformers' generate() gives it.
    virtual std::vector<GeneratedSequence> generate(std::span<const TokenIds> sources,
                                                    const GenerationOptions& options,
                                                    const Progress& progress) = 0;

    /// Hidden states and logits for given decoder inputs (start token included by the caller).
    /// `stepwise` feeds the decoder one token at a time through its cache; only then are
    /// Activations::decoder left empty.
    virtual Activations activations(std::span<const TokenIds> sources,
                                    std::span<const TokenIds> decoderInputs, bool stepwise) = 0;

    /// Collects the moments of the layers' inputs. The model must outlive it.
    virtual std::unique_ptr<MomentCollector> collectMoments(const MomentOptions& options) = 0;
};

}  // namespace rankscope::backend
