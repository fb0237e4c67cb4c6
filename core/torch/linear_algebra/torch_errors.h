// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "core/base/error.h"
#include "core/torch/linear_algebra/lapack.h"
#include "core/torch/linear_algebra/thread_stream.h"

namespace rankscope::torch_backend {

/// LibTorch's exception as an Error that begins with `task`, e.g. "The singular values".
inline Error torchError(const char* task, const std::string& reason) {
    return Error(std::string(task) +
                 " could not be computed by LibTorch: " + printable(reason, 500));
}

/// True if LibTorch's reason is short memory.
inline bool saysMemoryIsShort(const std::string& reason) {
    for (const char* sign : {"out of memory", "t allocate memory", "not enough memory"})
        if (reason.find(sign) != std::string::npos) return true;
    return false;
}

/// Runs linear algebra on one matrix: without gradients, on one core of the CPU or on the GPU
/// beside the work of other threads. Tensors made in `work` must not leave it. LibTorch's
/// exceptions become Errors, short memory bad_alloc.
template <typename Work>
auto onOneCore(const char* task, const backend::Device& device, const Work& work) {
    at::get_num_threads();  // once per thread this sets OpenMP's number; do it before it is lowered
    const OneCorePerCall oneCore;
    const c10::InferenceMode inference;
    try {
        const ThreadStream stream(device);
        return work();
    } catch (const c10::Error& error) {
        const std::string reason = error.what_without_backtrace();
        if (saysMemoryIsShort(reason)) throw std::bad_alloc();
        throw torchError(task, reason);
    }
}

/// Runs a model on all cores or the GPU, without gradients. LibTorch's exceptions become Errors, of
/// kind OutOfMemory if the device has too little, so that a smaller batch may be tried.
template <typename Work>
auto onAllCores(const char* task, const Work& work) {
    at::get_num_threads();  // once per thread this sets OpenMP's number
    const c10::InferenceMode inference;
    const auto tooLittle = [&](const std::string& reason) {
        return Error(std::string(task) +
                         " needs more memory than the device has left; take fewer or shorter "
                         "inputs at once. " +
                         printable(reason, 500),
                     {}, ErrorKind::OutOfMemory);
    };
    try {
        return work();
    } catch (const c10::OutOfMemoryError& error) {
        throw tooLittle(error.what_without_backtrace());
    } catch (const c10::Error& error) {
        const std::string reason = error.what_without_backtrace();
        if (saysMemoryIsShort(reason)) throw tooLittle(reason);
        throw torchError(task, reason);
    } catch (const std::bad_alloc&) {
        throw tooLittle("The system gave none.");
    }
}

}  // namespace rankscope::torch_backend
