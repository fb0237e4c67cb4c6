// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace rankscope::torch_backend {

/// Memory for vector instructions, not initialised: it starts at a cache line, or at a huge page if
/// it is large. Throws std::bad_alloc.
void* allocateAligned(std::size_t bytes);

struct FreeAligned {
    void operator()(void* memory) const { std::free(memory); }
};

template <typename T>
using AlignedMemory = std::unique_ptr<T[], FreeAligned>;

/// `count` values of a plain type.
template <typename T>
AlignedMemory<T> alignedMemory(std::size_t count) {
    return AlignedMemory<T>(static_cast<T*>(allocateAligned(count * sizeof(T))));
}

}  // namespace rankscope::torch_backend
