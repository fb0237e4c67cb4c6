// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/memory_limit.h"

namespace rankscope::backend {

/// What opening LibTorch takes, with `threads` threads (0: all cores) of OpenBLAS. Measured
/// (docs/performance.md).
MemoryNeed needOfLibraries(int threads);

/// What as many threads of ours take while they compute, weights and values not counted: their
/// stacks, their share of the heap, and the buffer that OpenBLAS gives each call.
MemoryNeed needOfThreads(int threads);

/// Throws Error if this reason of the dynamic linker for refusing `library` is short memory.
void throwIfMemoryIsShort(std::string_view reason, const std::string& library);

/// What to do where they do not get it.
constexpr const char* memoryAdvice = "raise that limit, or take fewer --threads";

}  // namespace rankscope::backend
