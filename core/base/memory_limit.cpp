// SPDX-License-Identifier: Apache-2.0
#include "core/base/memory_limit.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "core/base/error.h"
#include "core/base/readable_bytes.h"

namespace rankscope {

namespace {

constexpr std::string_view addressSpace = "address space (ulimit -v)";
constexpr std::string_view data = "data (ulimit -d)";

}  // namespace

std::vector<MemoryLimit> memoryLimits() {
    // Pages: all, resident, shared, text, 0, data (man 5 proc).
    std::uint64_t all = 0, written = 0, skipped = 0;
    std::ifstream("/proc/self/statm") >> all >> skipped >> skipped >> skipped >> skipped >> written;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::vector<MemoryLimit> limits;
    rlimit limit = {};
    if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        limits.push_back({addressSpace, limit.rlim_cur, all * page});
    if (::getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        limits.push_back({data, limit.rlim_cur, written * page});
    return limits;
}

void requireMemory(const MemoryNeed& need, std::string_view what, std::string_view advice) {
    for (const MemoryLimit& limit : memoryLimits()) {
        const std::uint64_t more = limit.name == data ? need.data : need.addresses;
        if (limit.used + more <= limit.limit) continue;
        throw Error(fmt::format("{} needs about {} of {}, but this program may take only {}; {}.",
                                what, readableBytes(limit.used + more), limit.name,
                                readableBytes(limit.limit), advice));
    }
}

std::string limitsInWords() {
    std::string words;
    for (const MemoryLimit& limit : memoryLimits())
        words += fmt::format("{} {} of {} and has taken {}",
                             words.empty() ? "this program may take" : ", and",
                             readableBytes(limit.limit), limit.name, readableBytes(limit.used));
    return words;
}

}  // namespace rankscope
