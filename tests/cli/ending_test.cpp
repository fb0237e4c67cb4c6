// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class Ending : public testing::Test {
 protected:
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : fs::directory_iterator(folder.path()))
            all.push_back(entry.path().filename().string());
        std::sort(all.begin(), all.end());
        return all;
    }

    /// A save whose computing fails as `how` says, see tests/fixtures/failing_backend.cpp.
    Outcome compress(const std::string& how, RunOptions options = {}) {
        const fixtures::TempFolder other;
        options.signalsOnceThereIs = other / "hangs";
        options.environment = {"RANKSCOPE_BACKEND=" FAILING_BACKEND,
                               "RANKSCOPE_FAILING_BACKEND=" + how,
                               "RANKSCOPE_FAILING_BACKEND_MARK=" + options.signalsOnceThereIs};
        return runCommand({"compress", model, "--ratio", "0.5", "--threads", "1", "--out",
                           folder / "out", "--quiet"},
                          options);
    }

    fixtures::TempFolder folder;
    std::string model = fixtures::writeTinyT5(folder / "tiny");
};

TEST_F(Ending, WorkThatNeverAsksIsEndedFiveSecondsAfterTheSignal) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const Outcome run = compress("hang", {.signals = {signal}});
        EXPECT_EQ(run.exitCode, 130) << run.err;
        EXPECT_THAT(run.err, HasSubstr("Ended 5 s after the signal"));
        EXPECT_EQ(names(), std::vector<std::string>{"tiny"});
    }
}

TEST_F(Ending, TheSecondSignalEndsItAtOnce) {
    const Outcome run = compress("hang", {.signals = {SIGTERM, SIGINT}});
    EXPECT_EQ(run.exitCode, 130) << run.err;
    EXPECT_THAT(run.err, HasSubstr("Ended by the second signal"));
    EXPECT_EQ(names(), std::vector<std::string>{"tiny"});
}

TEST_F(Ending, WhatAKilledRunLeftIsNamedAndRemovedByTheNext) {
    EXPECT_EQ(compress("hang", {.signals = {SIGKILL}}).exitCode, -1);
    ASSERT_EQ(names().size(), 2U);
    const std::string left = names().front();
    EXPECT_THAT(left, testing::StartsWith("out.partial-"));
    const Outcome next = runCommand({"compress", model, "--ratio", "0.5", "--out", folder / "out"});
    EXPECT_EQ(next.exitCode, 0) << next.err;
    EXPECT_THAT(next.err, HasSubstr(left));
    EXPECT_EQ(names(), (std::vector<std::string>{"out", "tiny"}));
}

TEST_F(Ending, ALibraryThatEndsTheProgramLeavesNothing) {
    EXPECT_EQ(compress("exit").exitCode, 1);
    EXPECT_EQ(names(), std::vector<std::string>{"tiny"});
}

TEST_F(Ending, AnAllocationThatFailsIsOneSentenceWhereverItFails) {
    for (const char* how : {"bad_alloc", "bad_alloc in a thread"}) {
        const Outcome run = compress(how);
        EXPECT_EQ(run.exitCode, 1) << how << run.err;
        EXPECT_THAT(run.err, testing::StartsWith("rankscope-cli: Memory ran short")) << how;
        EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
        EXPECT_THAT(run.err, Not(HasSubstr("bad_alloc")));
        EXPECT_EQ(names(), std::vector<std::string>{"tiny"});
    }
}

TEST_F(Ending, ShortMemoryIsSaidBeforeLibTorchIsOpened) {
    for (const int kilobytes : {120'000, 400'000, 600'000, 800'000}) {
        const fixtures::TempFolder told;  // what the dynamic linker tells of all it opens
        const Outcome run = runCommand(
            {"spectrum", model, "--targets", "q", "--no-cache", "--threads", "2"},
            {.environment = {"LD_DEBUG=files", "LD_DEBUG_OUTPUT=" + (told / "opened").string()},
             .limits = "ulimit -v " + std::to_string(kilobytes)});
        EXPECT_EQ(run.exitCode, 1) << kilobytes << run.err;
        std::string opened;
        for (const auto& file : fs::directory_iterator(told.path()))
            opened += fixtures::readFile(file.path());
        EXPECT_THAT(opened, HasSubstr("initialize program: " RANKSCOPE_CLI));
        EXPECT_THAT(opened, Not(HasSubstr("libtorch")));
        EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
        EXPECT_THAT(run.err, HasSubstr("LibTorch needs about"));
        EXPECT_THAT(run.err, HasSubstr(std::to_string(kilobytes * 1024 / 1'000'000) + "."));
        EXPECT_THAT(run.err, Not(HasSubstr("libtorch-dev")));
    }
    const Outcome data = runCommand({"spectrum", model, "--targets", "q", "--no-cache"},
                                    {.limits = "ulimit -d 150000"});
    EXPECT_EQ(data.exitCode, 1);
    EXPECT_THAT(data.err, HasSubstr("ulimit -d"));
}

/// Whatever the limit, a command ends by itself: done, or with a sentence and nothing written.
TEST_F(Ending, NoLimitOfMemoryMakesItHang) {
    const fs::path out = folder / "out";
    int done = 0;
    for (int kilobytes = 1'000'000; kilobytes <= 2'200'000; kilobytes += 150'000) {
        const std::string limit = std::to_string(kilobytes);
        const Outcome run = runCommand(
            {"compress", "demo", "--ratio", "0.5", "--threads", "2", "--out", out, "--quiet"},
            {.limits = "ulimit -v " + limit + "; exec timeout -s KILL 60 \"$0\" \"$@\""});
        SCOPED_TRACE(limit + run.err);
        EXPECT_TRUE(run.exitCode == 0 || run.exitCode == 1) << run.exitCode;
        EXPECT_THAT(run.err, Not(HasSubstr("terminate called")));
        EXPECT_EQ(run.err.empty(), run.exitCode == 0);
        done += run.exitCode == 0 ? 1 : 0;
        fs::remove_all(out);
        EXPECT_EQ(names(), std::vector<std::string>{"tiny"});
    }
    EXPECT_GT(done, 2);
}

}  // namespace
}  // namespace rankscope::cli_test
