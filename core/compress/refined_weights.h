// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/compress/planned_model.h"

namespace rankscope::compress {

/// What a refinement did to one block.
struct BlockLosses {
    std::string block;  ///< e.g. "encoder.block.0"
    /// Loss on the held-out dialogues (docs/methods/refine.md); NaN if it could not be computed.
    double heldOutBefore = 0, heldOutAfter = 0;
    int bestPass = 0;          ///< the one whose state was taken; 0: unchanged
    bool leftAsItWas = false;  ///< since a number became infinite or NaN
};

/// Everything that a refinement has changed, by tensor name as in the checkpoint.
struct RefinedWeights {
    FullRankFactors factors;
    CutMatrices cut;
    std::map<std::string, std::vector<double>> norms;  // [dModel]
    std::vector<BlockLosses> blocks;
};

}  // namespace rankscope::compress
