// SPDX-License-Identifier: Apache-2.0
#include "core/base/memory_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "core/base/error.h"
#include "core/base/parallel.h"

namespace rankscope {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

using testing::HasSubstr;

/// The output of `work` under a limit, in a child: the limit cannot be lifted again.
template <typename Work>
std::string saidUnder(__rlimit_resource_t resource, rlim_t bytes, const Work& work) {
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit limit{bytes, bytes};
        std::string said = "no limit could be set";
        if (::setrlimit(resource, &limit) == 0) said = work();
        const ssize_t written = ::write(ends[1], said.data(), said.size());
        ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string said(2000, '\0');
    const ssize_t got = ::read(ends[0], said.data(), said.size());
    said.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return said;
}

std::string require(const MemoryNeed& need) {
    try {
        requireMemory(need, "A test", "try less");
        return "enough";
    } catch (const Error& error) {
        return error.what();
    }
}

TEST(MemoryLimit, SaysNeedAndLimit) {
    if (sanitized) GTEST_SKIP() << "the address sanitizer takes terabytes of addresses";
    constexpr std::uint64_t gigabyte = 1'000'000'000;
    // A page more or less is rounded away; the test program itself has taken less than 0.5 GB.
    const std::string said = saidUnder(RLIMIT_AS, 4 * gigabyte, [] {
        return require({9 * gigabyte, 0}) + require({3 * gigabyte, 100 * gigabyte});
    });
    EXPECT_THAT(said, testing::MatchesRegex(
                          "A test needs about 9\\.[0-4] GB of address space \\(ulimit -v\\), but "
                          "this program may take only 4\\.0 GB; try less\\.enough"));
    EXPECT_THAT(saidUnder(RLIMIT_DATA, 4 * gigabyte,
                          [] {
                              return require({100 * gigabyte, 9 * gigabyte});
                          }),
                HasSubstr("of data (ulimit -d), but this program may take only 4.0 GB"));
}

TEST(MemoryLimit, IsNoneWhereThereIsNone) {
    rlimit limit = {};
    ASSERT_EQ(::getrlimit(RLIMIT_AS, &limit), 0);
    if (limit.rlim_cur != RLIM_INFINITY) GTEST_SKIP() << "the tests run under a limit";
    EXPECT_EQ(limitsInWords(), "");
    EXPECT_EQ(require({std::uint64_t{1} << 62U, 0}), "enough");
}

/// Tasks done of 64 on as many threads, with so much address space left; or the error.
std::string doneWith(std::uint64_t bytesLeft) {
    return saidUnder(RLIMIT_AS, std::uint64_t{1} << 40U, [&]() -> std::string {
        const rlim_t bytes = memoryLimits().front().used + bytesLeft;
        const rlimit limit{bytes, bytes};
        if (::setrlimit(RLIMIT_AS, &limit) != 0) return "no limit could be set";
        std::atomic<int> begun = 0, done = 0;
        try {
            runInParallel(64, 64, [&](std::size_t) {
                ++begun;
                while (begun < 2) std::this_thread::yield();  // no thread does all of it alone
                ++done;
            });
        } catch (const Error& error) {
            return error.what();
        }
        return std::to_string(done);
    });
}

TEST(RunInParallel, GoesOnWithTheThreadsThereAre) {
    if (sanitized) GTEST_SKIP() << "the address sanitizer takes terabytes of addresses";
    EXPECT_EQ(doneWith(40'000'000), "64");  // of 64 stacks of 8 MB four fit
    EXPECT_THAT(doneWith(1'000'000), HasSubstr("No thread can be started"));
}

}  // namespace
}  // namespace rankscope
