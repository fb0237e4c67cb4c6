// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/backend/generation.h"
#include "core/backend/seq2seq.h"
#include "core/base/progress.h"
#include "core/torch/generation/beam_search.h"
#include "core/torch/t5/decoder_steps.h"

namespace rankscope::torch_backend {

/// Throws Error of kind Usage naming the option and its range if one is outside it. Beam search
/// looks at 2 · beams tokens per row, so the vocabulary must have as many.
void checkGenerationOptions(const backend::GenerationOptions& options, std::int64_t vocabulary);

/// Greedy search (beams = 1) or beam search over `sources` sources, one result for each, in order.
/// `decoder` is at its beginning with sources · beams rows. A finished source leaves the batch at
/// once. Calls step() at most maxNewTokens times. Throws Error of kind Interrupted if `progress`
/// asks to stop, and checkGenerationOptions()'s.
std::vector<backend::GeneratedSequence> generate(DecoderSteps& decoder, std::int64_t sources,
                                                 const backend::GenerationOptions& options,
                                                 const SpecialTokens& tokens,
                                                 const Progress& progress);

}  // namespace rankscope::torch_backend
