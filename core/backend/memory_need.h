// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/memory_limit.h"

namespace rankscope::backend {

/// The memory that opening LibTorch takes, with `threads` threads (0: all cores) of OpenBLAS.
/// Measured (docs/performance.md).
MemoryNeed needOfLibraries(int threads);

/// The memory that so many threads of ours take while they compute, weights and values not counted:
/// their stacks, their share of the heap, and the buffer that OpenBLAS gives each call.
MemoryNeed needOfThreads(int threads);

/// Throws Error if the dynamic linker's reason for refusing `library` is short memory.
void throwIfMemoryIsShort(std::string_view reason, const std::string& library);

/// The remedy if they do not get it.
constexpr const char* memoryAdvice = "raise that limit, or take fewer --threads";

}  // namespace rankscope::backend
