// SPDX-License-Identifier: Apache-2.0
// Counts and limits on headers of the true shapes; the weights are holes in a sparse file.
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

const RunOptions withoutTorch = {.environment = {"RANKSCOPE_BACKEND=/nonexistent"}};

TEST(FlanT5Large, InspectCountsAndIsSmall) {
    const fixtures::TempFolder folder;
    writeSparseFlanT5(folder / "large", 1024, 2816, 16, 24);
    const Outcome run = runCommand({"inspect", folder / "large", "--json"}, withoutTorch);
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json document = run.json();
    EXPECT_EQ(document["parameters"], 783'150'080);
    EXPECT_EQ(document["matrices"].size(), 432 + 2);
    EXPECT_GT(document["bytes"].get<std::uint64_t>(), 3'100'000'000U);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LT(run.residentKilobytes, 60 * 1024);
#endif
    RecordProperty("kilobytes", static_cast<int>(run.residentKilobytes));
}

/// Nine terabytes, of which none are stored: who reads them is not done within CTest's time.
TEST(FlanT5Large, InspectReadsNoWeights) {
    const fixtures::TempFolder folder;
    try {
        writeSparseFlanT5(folder / "vast", 16'000, 1'000'000, 16, 24);
    } catch (const std::filesystem::filesystem_error& error) {
        GTEST_SKIP() << "no file may be that large here: " << error.what();
    }
    const Outcome run = runCommand({"inspect", folder / "vast", "--json"}, withoutTorch);
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_GT(run.json()["bytes"].get<std::uint64_t>(), 9'000'000'000'000U);
}

TEST(FlanT5Base, PlanCountsToTheUnitWithoutTorch) {
    const fixtures::TempFolder folder;
    writeSparseFlanT5(folder / "base", 768, 2048, 12, 12);
    const auto plan = [&](const char* targets) {
        const Outcome run = runCommand({"plan", folder / "base", "--targets", targets, "--rank",
                                        "382", "--storage", "factored", "--json"},
                                       withoutTorch);
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return run.json();
    };
    const Json three = plan("q,k,v");
    EXPECT_EQ(three["parameters"]["dense"], 247'577'856);
    EXPECT_EQ(three["parameters"]["post_convention"], 183'876'864);
    EXPECT_TRUE(three["entries"][0]["relative_error"].is_null());
    const Json four = plan("q,k,v,o");
    EXPECT_EQ(four["parameters"]["post_convention"], 162'643'200);
    EXPECT_EQ(four["parameters"]["stored"], 247'135'488);
    EXPECT_EQ(four["parameters"]["factored"], 247'135'488);
    // 144 matrices, each r(m + n) - r² = 382·1536 - 382² instead of 768²
    EXPECT_EQ(four["parameters"]["pivoted"], 247'577'856 - 144 * (768 - 382) * (768 - 382));
    const Outcome inspected = runCommand({"inspect", folder / "base", "--json"}, withoutTorch);
    const Json matricesOf = inspected.json()["matrices"];
    for (const Json& matrix : matricesOf) {
        if (matrix["role"] == "q") EXPECT_EQ(matrix["break_even_rank"], 384);
        if (matrix["role"] == "wo") EXPECT_EQ(matrix["break_even_rank"], 558);
    }
}

TEST(FlanT5Base, InterruptLeavesNothing) {
    const fixtures::TempFolder folder;
    writeSparseFlanT5(folder / "base", 768, 2048, 12, 12);
    const Outcome run = runCommand({"spectrum", folder / "base", "--no-cache", "--events",
                                    "--threads", "1", "--out", folder / "spectra.json"},
                                   {.interruptAfter = "\"spectrum\""});
    EXPECT_EQ(run.exitCode, 130) << run.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "spectra.json"));
    const auto events = run.events();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back()["event"], "error");
    EXPECT_EQ(events.back()["exit_code"], 130);
    // Only the checkpoint's folder is left: no temporary file.
    const auto left = std::distance(std::filesystem::directory_iterator(folder.path()),
                                    std::filesystem::directory_iterator());
    EXPECT_EQ(left, 1);
}

}  // namespace
}  // namespace rankscope::cli_test
