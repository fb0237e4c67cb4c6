// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace rankscope::backend {

/// When beam search of one source ends, once `beams` finished hypotheses exist.
enum class EarlyStopping {
    No,     ///< when no running beam can beat the worst of them at its present length
    Yes,    ///< at once
    Never,  ///< when none can even at the greatest length (length penalty > 0)
};

/// How summaries are generated; the rules are those of transformers' generate() without sampling.
struct GenerationOptions {
    std::int64_t beams = 1;  ///< 1: greedy
    /// Tokens after the start token, including </s>; transformers' max_length is one more.
    std::int64_t maxNewTokens = 19;
    std::int64_t minNewTokens = 0;  ///< </s> is forbidden before so many tokens
    double lengthPenalty = 1.0;     ///< scores are divided by length^penalty
    EarlyStopping earlyStopping = EarlyStopping::No;
    std::int64_t noRepeatNgram = 0;  ///< no n-gram twice in one output; 0: off
};

}  // namespace rankscope::backend
