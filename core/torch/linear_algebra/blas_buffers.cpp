// SPDX-License-Identifier: Apache-2.0
#include "core/torch/linear_algebra/blas_buffers.h"

#include <dlfcn.h>

#include <vector>

namespace rankscope::torch_backend {

void reserveBlasBuffers(int count) {
    const auto take = reinterpret_cast<void* (*)(int)>(dlsym(RTLD_DEFAULT, "blas_memory_alloc"));
    const auto giveBack =
        reinterpret_cast<void (*)(void*)>(dlsym(RTLD_DEFAULT, "blas_memory_free"));
    if (take == nullptr || giveBack == nullptr) return;
    std::vector<void*> buffers;
    for (int i = 0; i < count; ++i) buffers.push_back(take(0));
    for (void* buffer : buffers)
        if (buffer != nullptr) giveBack(buffer);
}

}  // namespace rankscope::torch_backend
