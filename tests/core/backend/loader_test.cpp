// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::backend {
namespace {

/// Message of the Error that loadBackend() throws for this library, "" if it throws none.
std::string messageFor(const std::string& library) {
    setenv("RANKSCOPE_BACKEND", library.c_str(), 1);
    std::string message;
    try {
        loadBackend({});
    } catch (const Error& error) {
        message = error.what();
    }
    unsetenv("RANKSCOPE_BACKEND");
    return message;
}

TEST(Loader, SaysHowToGetAMissingLibrary) {
    const std::string message = messageFor("/nonexistent/librankscope_torch.so");
    EXPECT_THAT(message, testing::HasSubstr("/nonexistent/librankscope_torch.so"));
    EXPECT_THAT(message, testing::HasSubstr("libtorch-dev"));
}

TEST(Loader, SaysWhyAFileIsNoLibrary) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "text.so", "no library");
    const std::string message = messageFor((folder / "text.so").string());
    EXPECT_THAT(message, testing::HasSubstr("text.so"));
    EXPECT_THAT(message, testing::HasSubstr("cannot be loaded"));
}

TEST(Loader, RefusesALibraryThatIsNotOurs) {
    EXPECT_THAT(messageFor("/proc/self/exe"), testing::HasSubstr("/proc/self/exe"));
}

TEST(Options, AreDescribed) {
    EXPECT_EQ(deviceOption().name, "device");
    EXPECT_EQ(deviceOption().defaultText, "auto");
    EXPECT_EQ(threadsOption().name, "threads");
    EXPECT_EQ(threadsOption().minimum, 0);
}

TEST(Device, HasANameForEachGpu) {
    EXPECT_EQ(Device{}.name(), "cpu");
    EXPECT_EQ((Device{.cuda = true, .index = 2}).name(), "cuda:2");
}

}  // namespace
}  // namespace rankscope::backend
