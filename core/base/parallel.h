// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace rankscope {

/// Runs task(0) … task(count - 1), started in that order, on `threads` threads (0: one per core;
/// the caller's thread is not one of them). Returns when all have ended; the first exception stops
/// the start of further tasks and is thrown again here.
void runInParallel(std::size_t count, int threads, const std::function<void(std::size_t)>& task);

/// How many blocks of `size` are needed for `count` items.
constexpr std::int64_t dividedUp(std::int64_t count, std::int64_t size) {
    return (count + size - 1) / size;
}

/// Cores this process may use (its affinity mask), at least 1.
int availableCores();

}  // namespace rankscope
