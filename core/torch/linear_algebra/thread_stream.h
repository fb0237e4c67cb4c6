// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>
#include <optional>

#include "core/backend/device.h"

namespace rankscope::torch_backend {

/// While one exists, this thread's GPU work goes to the thread's own queue, so that threads with a
/// matrix each do not wait for each other. Only for work whose tensors are made within it and
/// brought to the host before it ends. Does nothing on the CPU.
class ThreadStream {
 public:
    explicit ThreadStream(const backend::Device& device) {
        if (!device.cuda) return;
        const c10::Device gpu(c10::kCUDA, static_cast<c10::DeviceIndex>(device.index));
        static thread_local std::map<int, c10::Stream> streams;
        auto found = streams.find(device.index);
        if (found == streams.end()) {
            const c10::impl::VirtualGuardImpl guard(c10::kCUDA);
            found = streams.emplace(device.index, guard.getStreamFromGlobalPool(gpu)).first;
        }
        m_guard.emplace(found->second);
    }

 private:
    std::optional<c10::StreamGuard> m_guard;
};

}  // namespace rankscope::torch_backend
