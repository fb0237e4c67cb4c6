// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::checkpoint {

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

    /// Width of all heads together; q, k, v are [inner, dModel]. Not always dModel.
    std::int64_t inner() const { return numHeads * dKv; }
};

/// Parses config.json's text. `what` names the file in messages; notes for the user (explicit
/// activation keys, auto_map present, unknown sizes) are appended to `warnings`.
/// Throws Error: not JSON, HTML or a Git-LFS pointer (says which), model_type not a T5,
/// a size that is not a positive whole number of sane range, a start token that is not an id.
T5Config parseT5Config(std::string_view text, std::string_view what,
                       std::vector<std::string>& warnings);

}  // namespace rankscope::checkpoint
