// SPDX-License-Identifier: Apache-2.0
#include "core/backend/memory_need.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace rankscope::backend {

namespace {

constexpr std::uint64_t megabyte = 1'000'000;
// Debian's LibTorch 1.13 on one thread; for the wheel its own files, which is less than it takes.
constexpr std::uint64_t libraryAddresses = RANKSCOPE_LIBTORCH_MEGABYTES * megabyte;
constexpr std::uint64_t libraryData = 100 * megabyte;
// OpenBLAS has one per thread of its own, and one per running call.
constexpr std::uint64_t buffer = std::uint64_t{1} << 27U;
constexpr std::uint64_t stack = 10 * megabyte;
constexpr std::uint64_t heap = 70 * megabyte;

std::uint64_t countOf(int threads) {
    return static_cast<std::uint64_t>(threads > 0 ? threads : availableCores());
}

/// OpenBLAS takes no more than there are cores.
std::uint64_t coresOf(int threads) {
    return std::min(countOf(threads), static_cast<std::uint64_t>(availableCores()));
}

}  // namespace

MemoryNeed needOfLibraries(int threads) {
    const std::uint64_t bytes = coresOf(threads) * (buffer + stack);
    return {libraryAddresses + bytes, libraryData + bytes};
}

MemoryNeed needOfThreads(int threads) {
    const std::uint64_t bytes = coresOf(threads) * buffer + countOf(threads) * (stack + heap);
    return {bytes, bytes};
}

void throwIfMemoryIsShort(std::string_view reason, const std::string& library) {
    for (const std::string_view sign : {"failed to map segment", "annot allocate memory"}) {
        if (reason.find(sign) == std::string_view::npos) continue;
        const std::string limits = limitsInWords();
        throw Error(
            fmt::format("LibTorch cannot be loaded since memory is short ({}): {}.", reason,
                        limits.empty() ? "close other programs" : limits + "; raise that limit"),
            library);
    }
}

}  // namespace rankscope::backend
