// SPDX-License-Identifier: Apache-2.0
#include "core/base/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "tests/fixtures/tiny_t5.h"

namespace rankscope {
namespace {

/// The result of `body` in a child process whose descriptors `closed` are closed; -1 for a signal.
int inChild(const std::vector<int>& closed, const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        for (const int descriptor : closed) close(descriptor);
        _exit(body());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardStreams, ClosedDescriptorsAreHeldSoThatNoFileGetsTheirNumber) {
    for (const auto& closed : std::vector<std::vector<int>>{{0}, {1}, {2}, {0, 2}, {0, 1, 2}}) {
        EXPECT_EQ(inChild(closed,
                          [&] {
                              const int before = open("/dev/zero", O_RDONLY);
                              close(before);
                              holdStandardDescriptors();
                              const int after = open("/dev/zero", O_RDONLY);
                              return before == closed.front() && after > 2 ? 7 : 1;
                          }),
                  7);
    }
}

TEST(StandardStreams, HeldOnesReadNothingAndCannotBeWrittenTo) {
    EXPECT_EQ(inChild({0, 1, 2},
                      [] {
                          holdStandardDescriptors();
                          char byte = 0;
                          if (read(STDIN_FILENO, &byte, 1) != 0) return 1;
                          if (writeDescriptor(STDOUT_FILENO, "x") || errno != EBADF) return 2;
                          writeStandardError("lost");
                          return 7;
                      }),
              7);
}

TEST(StandardStreams, OpenOnesStayAsTheyAre) {
    const fixtures::TempFolder folder;
    const std::string file = folder / "out";
    EXPECT_EQ(inChild({1},
                      [&] {
                          if (open(file.c_str(), O_WRONLY | O_CREAT, 0600) != STDOUT_FILENO)
                              return 1;
                          holdStandardDescriptors();
                          return writeDescriptor(STDOUT_FILENO, "whole") ? 7 : 2;
                      }),
              7);
    EXPECT_EQ(fixtures::readFile(file), "whole");
}

TEST(StandardStreams, AFullDiskIsAFailureToWriteAndNothingMore) {
    EXPECT_EQ(inChild({1, 2},
                      [] {
                          open("/dev/full", O_WRONLY);
                          open("/dev/full", O_WRONLY);
                          writeStandardError("lost");
                          return writeDescriptor(STDOUT_FILENO, "x") || errno != ENOSPC ? 1 : 7;
                      }),
              7);
}

}  // namespace
}  // namespace rankscope
