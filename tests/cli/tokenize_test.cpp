// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

// Ids of transformers 4.57.6's fast tokenizer on the demo's vocabulary.
const Json helloIds = {170, 6, 660, 41, 336, 29, 5, 2, 1};

TEST(Tokenize, PrintsIdsAndPieces) {
    const Outcome run = runCommand({"tokenize", "demo", "--text", "Hello, world 😀", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.json()["ids"], helloIds);
    EXPECT_EQ(run.json()["pieces"].size(), helloIds.size());
    EXPECT_EQ(run.json()["pieces"].back(), "</s>");
    const Outcome text = runCommand({"tokenize", "demo", "--text", "Hello, world 😀"});
    EXPECT_THAT(text.out, HasSubstr("</s>"));
    EXPECT_THAT(text.out, HasSubstr("<unk>"));
}

TEST(Tokenize, ReadsOneTextALine) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "lines.txt", "Hello, world 😀\n\n</s>\xff\n");
    const Outcome run =
        runCommand({"tokenize", "demo", "--lines", (folder / "lines.txt").string(), "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json lines = run.json()["lines"];
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0]["ids"], helloIds);
    EXPECT_EQ(lines[1]["ids"], Json({1}));
    EXPECT_EQ(lines[1]["text"], "");
    EXPECT_EQ(lines[2]["ids"][0], 1);
}

TEST(Tokenize, WrongRequests) {
    EXPECT_EQ(runCommand({"tokenize", "demo"}).exitCode, 2);
    EXPECT_EQ(runCommand({"tokenize", "demo", "--text", "a", "--lines", "b"}).exitCode, 2);
    const fixtures::TempFolder folder;
    const Outcome none = runCommand({"tokenize", folder.path().string(), "--text", "a"});
    EXPECT_EQ(none.exitCode, 1);
    EXPECT_THAT(none.err, HasSubstr("spiece.model"));
    EXPECT_EQ(runCommand({"tokenize", "demo", "--lines", "/nonexistent"}).exitCode, 1);
}

}  // namespace
}  // namespace rankscope::cli_test
