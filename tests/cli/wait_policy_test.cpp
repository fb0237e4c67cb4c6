// SPDX-License-Identifier: Apache-2.0
// How long idle threads of OpenMP wait awake, as OpenMP itself says once it is loaded.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "tests/cli/command_runner.h"

namespace rankscope::cli_test {
namespace {

/// GOMP_SPINCOUNT in force; nothing under another OpenMP than GNU's.
std::optional<std::uint64_t> looksBeforeSleep(std::vector<std::string> environment) {
    environment.emplace_back("OMP_DISPLAY_ENV=VERBOSE");
    const Outcome run = runCommand({"doctor"}, {.environment = environment});
    EXPECT_EQ(run.exitCode, 0) << run.err;
    const std::string name = "GOMP_SPINCOUNT = '";
    const std::size_t place = run.err.find(name);
    if (place == std::string::npos) return std::nullopt;
    std::uint64_t count = 0;
    std::from_chars(run.err.data() + place + name.size(), run.err.data() + run.err.size(), count);
    return count;
}

class WaitPolicy : public ::testing::Test {
 protected:
    void SetUp() override {
        unsetenv("OMP_WAIT_POLICY");
        unsetenv("GOMP_SPINCOUNT");
        if (!looksBeforeSleep({"GOMP_SPINCOUNT=77"})) GTEST_SKIP() << "not GNU's OpenMP";
    }
};

TEST_F(WaitPolicy, IdleThreadsSoonSleep) {
    // 300,000 looks, its own, take longer than a time slice (docs/performance.md).
    EXPECT_LE(*looksBeforeSleep({}), 1000U);
}

TEST_F(WaitPolicy, TheUsersChoiceStays) {
    EXPECT_EQ(*looksBeforeSleep({"GOMP_SPINCOUNT=77"}), 77U);
    EXPECT_EQ(*looksBeforeSleep({"OMP_WAIT_POLICY=passive"}), 0U);
    EXPECT_GE(*looksBeforeSleep({"OMP_WAIT_POLICY=active"}), 1'000'000'000U);
    EXPECT_EQ(*looksBeforeSleep({"OMP_WAIT_POLICY=active", "GOMP_SPINCOUNT=5"}), 5U);
}

}  // namespace
}  // namespace rankscope::cli_test
