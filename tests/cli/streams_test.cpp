// SPDX-License-Identifier: Apache-2.0
// Standard streams that cannot be written to, or are closed: work goes on without messages, and a
// result that cannot be shown is a failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::map<std::string, RunOptions> muted = {
    {"a full disk", {.errorsTo = "/dev/full"}},
    {"a closed standard error", {.closed = {STDERR_FILENO}}},
    {"a closed standard input and error", {.closed = {STDIN_FILENO, STDERR_FILENO}}}};

/// A copy of the demo that every command warns about.
fs::path writeWarnedModel(const fs::path& folder) {
    fs::copy(DEMO_FOLDER, folder);
    fixtures::writeFile(folder / "never_run.py", "");
    return folder;
}

/// The same but for what takes its time.
Json withoutTimes(Json document) {
    if (document.is_object())
        for (const char* key : {"seconds", "tokens_per_second"}) document.erase(key);
    for (Json& part : document) part = part.is_structured() ? withoutTimes(part) : part;
    return document;
}

/// Runs `words` with each muted standard error and expects what it gives with a file in its place.
/// `written` is removed before each run.
void expectUnmoved(const std::vector<std::string>& words, const fs::path& written = {}) {
    fs::remove_all(written);
    const Outcome usual = runCommand(words);
    EXPECT_NE(usual.err, "") << testing::PrintToString(words) << " has nothing to say";
    for (const auto& [where, options] : muted) {
        fs::remove_all(written);
        const Outcome run = runCommand(words, options);
        EXPECT_EQ(run.exitCode, usual.exitCode) << where << testing::PrintToString(words);
        if (usual.out.starts_with('{'))
            EXPECT_EQ(withoutTimes(run.json()), withoutTimes(usual.json())) << where;
        else
            EXPECT_EQ(run.out, usual.out) << where;
    }
}

TEST(MutedErrors, EndNoLongWork) {
    const fixtures::TempFolder folder;
    const std::string model = writeWarnedModel(folder / "model");
    const std::string data = fs::path(DEMO_FOLDER) / "test.json";
    expectUnmoved({"inspect", model, "--json"});
    expectUnmoved({"spectrum", model, "--no-cache", "--json"});
    expectUnmoved({"calibrate", model, "--data", data, "--samples", "4", "--held-out", "2", "--out",
                   folder / "c.h5", "--json", "--device", "cpu"},
                  folder / "c.h5");
    expectUnmoved({"evaluate", model, "--data", data, "--limit", "4", "--metrics", "loss",
                   "--no-cache", "--json", "--device", "cpu"});
}

TEST(MutedErrors, ASaveIsWhole) {
    const fixtures::TempFolder folder;
    const std::string model = writeWarnedModel(folder / "model");
    const fs::path out = folder / "out";
    const std::vector<std::string> words = {"compress", model, "--ratio", "0.5",
                                            "--out",    out,   "--json"};
    expectUnmoved(words, out);
    const std::string last = fixtures::readFile(out / "model.safetensors");
    fs::remove_all(out);
    EXPECT_TRUE(runCommand(words).json()["verified"].get<bool>());
    EXPECT_TRUE(fixtures::readFile(out / "model.safetensors") == last);
}

TEST(MutedErrors, FailuresKeepTheirExitCode) {
    for (const auto& [where, options] : muted) {
        EXPECT_EQ(runCommand({"inspect", "/none"}, options).exitCode, 1) << where;
        EXPECT_EQ(runCommand({"inspect"}, options).exitCode, 2) << where;
        EXPECT_EQ(runCommand({"inspect", "demo", "--nonsense"}, options).exitCode, 2) << where;
        EXPECT_EQ(runCommand({"plan", "demo", "--rank", "0"}, options).exitCode, 2) << where;
        EXPECT_EQ(runCommand({"--help"}, options).exitCode, 0) << where;
    }
}

TEST(ClosedStreams, NoFileIsWrittenInTheirPlace) {
    const fixtures::TempFolder folder;
    const std::string model = writeWarnedModel(folder / "model");
    const auto files = [&] {
        std::map<std::string, std::string> contents;
        for (const auto& item : fs::directory_iterator(model))
            contents[item.path().filename()] = fixtures::readFile(item.path());
        return contents;
    };
    const auto before = files();
    const fs::path out = folder / "spectra.csv";
    const Outcome run = runCommand({"spectrum", model, "--no-cache", "--out", out},
                                   {.closed = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}});
    EXPECT_EQ(run.exitCode, 1);  // the table cannot be printed
    EXPECT_TRUE(fixtures::readFile(out).starts_with("name,index,singular_value"));
    EXPECT_EQ(fixtures::readFile(out).find("Warning"), std::string::npos);
    EXPECT_EQ(files(), before);
}

TEST(UnwritableOutput, IsAFailureWithASentence) {
    const std::map<std::string, RunOptions> outputs = {
        {"No space left on device", {.outputTo = "/dev/full"}},
        {"Bad file descriptor", {.closed = {STDOUT_FILENO}}},
        {"Broken pipe", {.closedOutput = true}}};
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"--help"}, {"--version"}, {"plan", "--help"}, {"inspect", "demo"}})
        for (const auto& [reason, options] : outputs) {
            const Outcome run = runCommand(words, options);
            EXPECT_EQ(run.exitCode, 1) << words[0] << reason;
            EXPECT_THAT(run.err, HasSubstr("Standard output cannot be written to: " + reason))
                << words[0];
        }
    const Outcome events = runCommand({"inspect", "demo", "--events"}, {.outputTo = "/dev/full"});
    EXPECT_EQ(events.exitCode, 1);
    EXPECT_THAT(events.err, HasSubstr("tandard output"));
}

}  // namespace
}  // namespace rankscope::cli_test
