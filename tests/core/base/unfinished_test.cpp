// SPDX-License-Identifier: Apache-2.0
#include "core/base/unfinished.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/leftovers.h"
#include "core/base/output_claim.h"
#include "core/base/writer_lock.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class UnfinishedTest : public testing::Test {
 protected:
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : fs::directory_iterator(folder.path()))
            all.push_back(entry.path().filename().string());
        std::sort(all.begin(), all.end());
        return all;
    }

    std::vector<std::string> leftoversOf(const std::string& target) const {
        std::vector<std::string> all;
        for (const Leftover& leftover : findLeftovers(folder / target))
            all.push_back(leftover.path.filename().string());
        std::sort(all.begin(), all.end());
        return all;
    }

    void makeFolder(const std::string& name) const {
        fs::create_directory(folder / name);
        fixtures::writeFile(folder / name / "inside", "0123456789");
    }

    fixtures::TempFolder folder;
};

/// Runs `work` in a child that is then killed. Returns its process number, which is free again.
template <typename Work>
pid_t killedAfter(const Work& work) {
    int ready[2];
    if (::pipe(ready) != 0) return -1;
    const pid_t child = ::fork();
    if (child == 0) {
        work([&] {
            const ssize_t written = ::write(ready[1], "x", 1);
            (void)written;
            while (true) ::pause();
        });
        ::_exit(0);
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    ::close(ready[0]);
    ::close(ready[1]);
    return child;
}

class Warnings : public Progress {
 public:
    void warn(std::string_view sentence) const override { all.emplace_back(sentence); }
    mutable std::vector<std::string> all;
};

TEST_F(UnfinishedTest, IsBesideTheTargetAndGoneUnlessPublished) {
    for (const auto kind : {Unfinished::Kind::File, Unfinished::Kind::Folder}) {
        {
            const Unfinished unfinished(folder / "x", kind);
            EXPECT_THAT(unfinished.path().filename().string(),
                        testing::MatchesRegex("x\\.partial-[A-Za-z]{6}"));
            EXPECT_THAT(names(), ElementsAre(unfinished.path().filename().string()));
        }
        EXPECT_THAT(names(), IsEmpty());
        Unfinished unfinished(folder / "x", kind);
        EXPECT_EQ(unfinished.publish(folder / "x"), 0);
        EXPECT_THAT(names(), ElementsAre("x"));
        EXPECT_EQ(fs::is_directory(folder / "x"), kind == Unfinished::Kind::Folder);
        fs::remove(folder / "x");
    }
}

TEST_F(UnfinishedTest, ModesFollowTheUmask) {
    const mode_t before = ::umask(027);
    const Unfinished file(folder / "f", Unfinished::Kind::File);
    const Unfinished made(folder / "d", Unfinished::Kind::Folder);
    ::umask(before);
    EXPECT_EQ(fs::status(file.path()).permissions(), fs::perms(0640));
    EXPECT_EQ(fs::status(made.path()).permissions(), fs::perms(0750));
}

TEST_F(UnfinishedTest, RemovesAllWhereTheProcessIsEnded) {
    const pid_t child = ::fork();
    if (child == 0) {
        const Unfinished file(folder / "f", Unfinished::Kind::File);
        const Unfinished made(folder / "d", Unfinished::Kind::Folder);
        fixtures::writeFile(made.path() / "deep", "x");
        removeUnfinished();
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_THAT(names(), IsEmpty());
}

TEST_F(UnfinishedTest, WhatAKilledRunLeftIsFoundAndRemoved) {
    for (const auto kind : {Unfinished::Kind::File, Unfinished::Kind::Folder}) {
        killedAfter([&](const auto& wait) {
            const Unfinished unfinished(folder / "x", kind);
            if (kind == Unfinished::Kind::Folder)
                fixtures::writeFile(unfinished.path() / "inside", std::string(2'500'000, 'x'));
            else
                writeAll(unfinished.handle(), std::as_bytes(std::span("12345", 5)), "x");
            wait();
        });
        const auto found = findLeftovers(folder / "x");
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].bytes, kind == Unfinished::Kind::Folder ? 2'500'000U : 5U);
        EXPECT_TRUE(found[0].certain);
        const Warnings said;
        removeLeftovers(folder / "x", said);
        EXPECT_THAT(names(), IsEmpty());
        ASSERT_EQ(said.all.size(), 1U);
        EXPECT_THAT(said.all[0], HasSubstr(found[0].path.filename().string()));
        EXPECT_THAT(said.all[0], HasSubstr(kind == Unfinished::Kind::Folder ? "2.5 MB" : "5 B"));
    }
}

TEST_F(UnfinishedTest, WhatIsBeingWrittenIsLeftAlone) {
    const Unfinished file(folder / "x", Unfinished::Kind::File);
    const Unfinished made(folder / "x", Unfinished::Kind::Folder);
    const AtomicFile atomic(folder / "x");
    EXPECT_THAT(leftoversOf("x"), IsEmpty());
    // Another process sees the same.
    const pid_t child = ::fork();
    if (child == 0) {
        removeLeftovers(folder / "x", Progress());
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(names().size(), 3U);
}

TEST_F(UnfinishedTest, OnlyExactNamesOfTheTargetCount) {
    for (const char* name : {"x", "x.partial-", "x.partial-abcde", "x.partial-abcdefg", "x.partial",
                             "x.partial-abc.ef", "y.partial-abcdef", "x.partial-abcdef.h5",
                             "x.csv.partial-abcdef", "ax.partial-abcdef", "x.new-1e9"}) {
        fixtures::writeFile(folder / name, "mine");
        makeFolder(std::string(name) + "-d");
    }
    fs::create_symlink(folder / "x", folder / "x.partial-linked");
    fs::create_directory_symlink(folder / "x-d", folder / "x.partial-folder");
    EXPECT_THAT(leftoversOf("x"), IsEmpty());
    fixtures::writeFile(folder / "x.partial-aB3dEf", "");
    makeFolder("x.partial-aBcdEf");
    EXPECT_THAT(leftoversOf("x"), ElementsAre("x.partial-aB3dEf", "x.partial-aBcdEf"));
    EXPECT_THAT(leftoversOf(""), IsEmpty());
    EXPECT_EQ(findLeftoversIn(folder.path()).size(), 5U);  // those of y, x.csv and ax too
}

TEST_F(UnfinishedTest, LeftoversOfEarlierVersionsNeedTheirProcessToBeGone) {
    const std::string gone = std::to_string(killedAfter([](const auto& wait) { wait(); }));
    const std::string here = std::to_string(::getpid());
    for (const std::string& pid : {gone, here}) {
        makeFolder("x.partial-" + pid);
        makeFolder("x.partial-" + pid + "-1");
        makeFolder("x.new-" + pid);
        makeFolder("x.new-" + pid + ".partial-" + pid);
        makeFolder("x.partial-" + pid + "-old");
    }
    fixtures::writeFile(folder / ("x.new-" + gone + "f"), "a file");
    EXPECT_THAT(leftoversOf("x"), testing::UnorderedElementsAre(
                                      "x.partial-" + gone, "x.partial-" + gone + "-1",
                                      "x.new-" + gone, "x.new-" + gone + ".partial-" + gone));
    // The set-aside original is the only one while nothing has its name.
    makeFolder("x");
    EXPECT_THAT(leftoversOf("x"), testing::Contains("x.partial-" + gone + "-old"));
    EXPECT_THAT(leftoversOf("x"), testing::Not(testing::Contains("x.partial-" + here + "-old")));
}

TEST(WriterLock, ProvesNothingOnUnknownFileSystems) {
    const FileHandle proc(::open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(proc);
    EXPECT_TRUE(lockAsWriter(proc));
    EXPECT_EQ(writerState(proc), WriterState::Unknown);
}

TEST_F(UnfinishedTest, AFileThatIsToBeReplacedCannotBeReadUnderAnyName) {
    fixtures::writeFile(folder / "data.json", "precious");
    fs::create_hard_link(folder / "data.json", folder / "hard");
    fs::create_symlink(folder / "data.json", folder / "soft");
    fixtures::writeFile(folder / "other", "free");
    {
        const OutputClaim claim(folder / "data.json");
        for (const char* name : {"data.json", "hard", "soft"}) {
            try {
                openForReading(folder / name);
                ADD_FAILURE() << name;
            } catch (const Error& error) {
                EXPECT_THAT(error.what(), HasSubstr((folder / "data.json").string()));
                EXPECT_THAT(error.what(), HasSubstr((folder / name).string()));
            }
        }
        EXPECT_NO_THROW(openForReading(folder / "other"));
    }
    EXPECT_NO_THROW(openForReading(folder / "data.json"));
    makeFolder("save");
    const OutputClaim whole(folder / "save");
    EXPECT_THROW(openForReading(folder / "save" / "inside"), Error);
    const OutputClaim nothing(""), later(folder / "later");
    fixtures::writeFile(folder / "later", "made since");
    EXPECT_NO_THROW(openForReading(folder / "later"));
}

}  // namespace
}  // namespace rankscope
