// SPDX-License-Identifier: Apache-2.0
#include "core/backend/memory_need.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/backend/backend.h"

namespace rankscope::backend {
namespace {

/// A line of /proc/self/status, bytes.
std::uint64_t statusOf(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) * 1024;
    return 0;
}

// The figures are constants of the program, so another LibTorch may need others: see
// memory_need.cpp.
TEST(MemoryNeed, IsWhatLoadingTakes) {
    const std::uint64_t addresses = statusOf("VmSize"), data = statusOf("VmData");
    ASSERT_GT(addresses, 0U);
    loadBackend({.threads = 1});
    const MemoryNeed need = needOfLibraries(1);
    const std::uint64_t taken = statusOf("VmSize") - addresses;
#ifdef RANKSCOPE_TORCH_WHEEL
    EXPECT_GT(taken, need.addresses / 2);
#else
    EXPECT_LE(taken, need.addresses);
    EXPECT_GT(taken, need.addresses / 2);
    EXPECT_LE(statusOf("VmData") - data, need.data);
#endif
}

}  // namespace
}  // namespace rankscope::backend
