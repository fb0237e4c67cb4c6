// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "core/backend/seq2seq.h"
#include "core/base/progress.h"
#include "core/t5/t5_config.h"

namespace rankscope::backend {

/// A T5 by its config and the source of its weights.
struct ModelWeights {
    const t5::T5Config& config;
    const WeightSource& weights;
};

/// Sources with their targets, which end in </s>.
struct SeenDialogues {
    std::span<const TokenIds> sources, targets;
};

struct RefinementOptions {
    int passes = 25;         ///< through the dialogues, for each block
    double rate = 1e-3;      ///< the largest one of AdamW
    std::size_t batch = 12;  ///< dialogues of a step
    std::uint64_t seed = 0;  ///< of the order of batches
};

/// What openRefinement() works on. Both sources must outlive the refinement; dialogues are read
/// when it is opened.
struct RefinementTask {
    ModelWeights original, compressed;
    /// Matrices to be trained, by module. The others stay as `compressed` has them.
    std::set<std::string> modules = {};
    SeenDialogues examples, heldOut;
    RefinementOptions options = {};
};

/// One block after its training. The losses are those of docs/methods/refine.md.
struct RefinedBlock {
    std::string name;          ///< e.g. "encoder.block.0"
    double heldOutBefore = 0;  ///< loss on the held-out dialogues; may be NaN if leftAsItWas
    double heldOutAfter = 0;   ///< the least one
    int bestPass = 0;          ///< after which it was reached; 0: the block is unchanged
    bool leftAsItWas = false;  ///< a number became infinite or NaN, so nothing was taken
    /// What was trained, float32, by module: `dense`, or `down` and `up`. Empty if unchanged.
    std::map<std::string, LayerWeights> matrices = {};
    std::map<std::string, Tensor> norms = {};  ///< [dModel] by the tensor's name; the same
};

/// Trains a compressed model block by block: the encoder's, then the decoder's. A block's input is
/// the stream of the refined model, its target the output of the original block on the original's
/// stream. Unusable after an Error.
class BlockRefinement {
 public:
    virtual ~BlockRefinement();
    /// Trains the next block; nothing after the last. Throws Error of kind Interrupted if
    /// `progress` asks to stop.
    virtual std::optional<RefinedBlock> next(const Progress& progress) = 0;
};

}  // namespace rankscope::backend
