// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "core/t5/layer_sizes.h"

namespace rankscope::t5 {

/// A T5 model's config.json, with transformers' defaults and derivations applied
/// (configuration_t5.py of transformers 4.44 and 5.23; docs/formats.md lists the rules).
struct T5Config {
    std::string modelType;      ///< "t5" (also accepted: "mt5", "rankscope_t5")
    std::int64_t dModel = 512;  ///< width of the residual stream
    std::int64_t dKv = 64;      ///< width of one head
    std::int64_t dFf = 2048;    ///< inner width of the feed-forward block
    std::int64_t numHeads = 8;
    std::int64_t numLayers = 6;
    std::int64_t numDecoderLayers = 6;
    std::int64_t vocabSize = 32128;  ///< as the config says; the tensors' row count wins
    std::int64_t relativeAttentionNumBuckets = 32;
    std::int64_t relativeAttentionMaxDistance = 128;
    double layerNormEpsilon = 1e-6;
    std::string feedForwardProj = "relu";  ///< "relu", "gated-gelu", …
    std::string denseActFn = "relu";       ///< derived, or the explicit key
    bool isGatedAct = false;               ///< derived, or the explicit key
    bool tieWordEmbeddings = true;         ///< as the config says
    bool scaleDecoderOutputs = true;       ///< explicit key if present, else tieWordEmbeddings
    // Token ids from 0; that they are rows of the embedding is checked when a checkpoint is opened.
    std::int64_t padTokenId = 0;
    std::int64_t eosTokenId = 1;
    std::int64_t decoderStartTokenId = 0;
    bool tiedHead = false;  ///< the head is shared.weight: as the tensors show, not the config
    /// Of sublayers that differ from d_kv and d_ff (`--storage sizes`); empty in a plain T5.
    LayerSizes sizes = {};

    /// Width of all heads together; q, k, v are [inner, dModel]. Not always dModel.
    std::int64_t inner() const { return numHeads * dKv; }
    /// Of the last hidden state before the head: dModel^-0.5 if the decoder's output is scaled.
    double outputScale() const {
        return scaleDecoderOutputs ? 1 / std::sqrt(static_cast<double>(dModel)) : 1;
    }
};

}  // namespace rankscope::t5
