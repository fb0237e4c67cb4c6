// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/backend/seq2seq.h"

namespace rankscope::torch_backend {

/// Throws Error naming the row, called `what`, that is empty or has an id outside [0, vocabulary).
void checkIds(std::span<const backend::TokenIds> rows, const char* what, std::int64_t vocabulary);

/// Throws Error if sources and targets do not belong together or checkIds() refuses one of them.
void checkPairs(std::span<const backend::TokenIds> sources,
                std::span<const backend::TokenIds> targets, std::int64_t vocabulary);

/// The decoder's inputs for `targets`: each shifted right after the start token.
std::vector<backend::TokenIds> teacherForced(std::span<const backend::TokenIds> targets,
                                             std::int64_t startToken);

}  // namespace rankscope::torch_backend
