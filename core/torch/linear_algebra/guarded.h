// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <exception>
#include <new>
#include <string>

#include "core/base/error.h"
#include "core/torch/linear_algebra/lapack.h"
#include "core/torch/linear_algebra/thread_stream.h"

namespace rankscope::torch_backend {

/// Runs `work` without gradients, on one core of the CPU or on the GPU beside the work of other
/// threads: tensors made there must not leave it. LibTorch's exceptions become Errors that
/// begin with `task`, e.g. "The singular values"; short memory becomes bad_alloc.
template <typename Work>
auto guarded(const char* task, const backend::Device& device, const Work& work) {
    at::get_num_threads();  // once per thread this sets OpenMP's number; do it before it is lowered
    const OneCorePerCall oneCore;
    const c10::InferenceMode inference;
    try {
        const ThreadStream stream(device);
        return work();
    } catch (const c10::Error& error) {
        const std::string reason = error.what_without_backtrace();
        if (reason.find("t allocate memory") != std::string::npos) throw std::bad_alloc();
        throw Error(std::string(task) +
                    " could not be computed by LibTorch: " + printable(reason, 500));
    }
}

}  // namespace rankscope::torch_backend
