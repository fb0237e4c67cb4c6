// SPDX-License-Identifier: Apache-2.0
#include "core/base/parallel.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/base/error.h"

namespace rankscope {

void runInParallel(std::size_t count, int threads, const std::function<void(std::size_t)>& task) {
    std::atomic<std::size_t> next{0};
    std::exception_ptr firstFailure;
    std::mutex failureMutex;
    const auto work = [&] {
        for (std::size_t i = next++; i < count; i = next++) {
            try {
                task(i);
            } catch (...) {
                const std::lock_guard lock(failureMutex);
                if (!firstFailure) firstFailure = std::current_exception();
                next = count;
            }
        }
    };
    {
        std::vector<std::jthread> workers;
        const std::size_t wanted =
            std::min(count, static_cast<std::size_t>(threads > 0 ? threads : availableCores()));
        for (std::size_t i = 0; i < wanted; ++i) {
            try {
                workers.emplace_back(work);
            } catch (const std::system_error& failure) {  // the others do its part
                if (!workers.empty()) break;
                throw Error(
                    fmt::format("No thread can be started: {}. Memory may be short, or the "
                                "number of threads limited (ulimit -u).",
                                failure.code().message()));
            }
        }
    }
    if (firstFailure) std::rethrow_exception(firstFailure);
}

int availableCores() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace rankscope
