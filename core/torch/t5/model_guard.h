// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "core/base/error.h"

namespace rankscope::torch_backend {

/// Runs `work` of a model without gradients, on all threads. LibTorch's exceptions become Errors
/// that begin with `task`, e.g. "The loss"; of kind OutOfMemory if memory was short.
template <typename Work>
auto onModel(const char* task, const Work& work) {
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
        for (const char* sign : {"out of memory", "t allocate memory", "not enough memory"})
            if (reason.find(sign) != std::string::npos) throw tooLittle(reason);
        throw Error(std::string(task) +
                    " could not be computed by LibTorch: " + printable(reason, 500));
    } catch (const std::bad_alloc&) {
        throw tooLittle("The system gave none.");
    }
}

}  // namespace rankscope::torch_backend
