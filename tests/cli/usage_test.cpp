// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

/// What it says.
std::string expectUsageError(const std::vector<std::string>& words) {
    const Outcome run = runCommand(words);
    EXPECT_EQ(run.exitCode, 2) << testing::PrintToString(words) << run.err;
    EXPECT_FALSE(run.err.empty()) << testing::PrintToString(words);
    EXPECT_EQ(run.out, "") << testing::PrintToString(words);
    return run.err;
}

TEST(Usage, WrongRequestsExitWithTwo) {
    const fixtures::TempFolder folder;
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    const std::vector<std::vector<std::string>> requests = {
        {},
        {"nonsense"},
        {"inspect"},
        {"inspect", model, "--unknown"},
        {"inspect", model, "extra"},
        {"spectrum", model, "--targets", "nothing.like.*"},
        {"spectrum", model, "--threads", "1.5"},
        {"spectrum", model, "--out", "spectra.xyz"},
        {"curve", model, "--ranks", "5:1:1"},
        {"curve", model, "--ranks", "33:40"},
        {"curve", model, "--ranks", "0:4:0"},
        {"plan", model},
        {"plan", model, "--rank", "4", "--ratio", "0.5"},
        {"plan", model, "--rank", "4", "--plan", "plan.json"},
        {"plan", model, "--plan", "plan.json", "--storage", "dense"},
        {"plan", model, "--rank", "0"},
        {"plan", model, "--rank", "33"},
        {"plan", model, "--rank", "nan"},
        {"plan", model, "--energy", "0"},
        {"plan", model, "--energy", "1.01"},
        {"plan", model, "--budget", "0.0001"},
        {"plan", model, "--budget", "0.9", "--allocation", "magic"},
        {"plan", model, "--budget", "0.9", "--allocation-error", "magic"},
        {"plan", model, "--plan", "plan.json", "--allocation-error", "raw"},
        {"plan", model, "--rank", "4", "--storage", "sparse"},
        {"compress", model, "--rank", "4"},
        {"random-vectors", model, "--rank", "4", "--distribution", "cauchy"},
        {"random-vectors", model, "--rank", "4", "--vectors", "0"},
    };
    for (const auto& words : requests) expectUsageError(words);
}

TEST(Usage, BoundsOfRanksThatContradictThemselvesAreSaid) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> requests = {
        {{"plan", "demo", "--rank", "4", "--max-rank", "3"}, "A rank of 4 is above --max-rank 3"},
        {{"plan", "demo", "--budget", "0.9", "--max-rank", "0"}, "--max-rank"},
        {{"plan", "demo", "--budget", "0.9", "--max-rank", "3", "--min-rank", "4"},
         "No rank is both at least --min-rank 4 and at most --max-rank 3"},
        {{"pareto", "demo", "--data", "d.json", "--max-rank", "3", "--min-rank", "4"},
         "No rank is both"},
        {{"plan", "demo", "--budget", "0.9", "--groups", "magic"}, "is none of none, type"},
        {{"plan", "demo", "--plan", "plan.json", "--groups", "type"}, "--groups"},
        {{"plan", "demo", "--plan", "plan.json", "--max-rank", "9"}, "--max-rank"},
    };
    for (const auto& [words, sentence] : requests)
        EXPECT_THAT(expectUsageError(words), HasSubstr(sentence));
}

TEST(Usage, UnknownWordsAreNamedWithWhatTheyMayMean) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> requests = {
        {{"inspekt", "demo"}, "inspekt is no command; did you mean inspect? See: rankscope-cli --"},
        {{"nonsense"}, "rankscope-cli: nonsense is no command. See: rankscope-cli --help"},
        {{"random_vectors", "demo", "--json"}, "did you mean random-vectors?"},
        {{"plan", "demo", "--rnak", "3"},
         "plan has no option --rnak; did you mean --rank? See: rankscope-cli plan --help"},
        {{"plan", "--rnak=3"}, "plan has no option --rnak; did you mean --rank?"},
        {{"plan", "demo", "-rank", "3"}, "plan has no option -rank; did you mean --rank?"},
        {{"plan", "demo", "--rank", "x", "--methd", "y"},
         "no option --methd; did you mean --method"},
        {{"inspect", "demo", "--xyzzy"}, "inspect has no option --xyzzy. See: "},
        {{"evaluate", "demo", "--num-beams", "4"}, "no option --num-beams; did you mean --beams?"},
        {{"--versoin"}, "rankscope-cli has no option --versoin; did you mean --version?"},
        {{"--json", "inspect", "demo"}, "--json belongs after the command. See: rankscope-cli"},
        {{"inspect", "demo", "b", "c"}, "b is left over: inspect takes CHECKPOINT. See: "},
        {{"doctor", "demo"}, "demo is left over: doctor takes nothing but options."},
        {{"plan", "demo", "--rank", "4", "--method", "sdv"}, "; did you mean svd?"},
        {{"plan", "demo", "--rank", "4", "--targets", "atention"}, "did you mean attention?"},
        {{"pareto", "demo", "--calibration", "c.h5", "--methods", "svd,anchord"},
         "slim; did you mean anchored?"},
        {{"pareto", "demo", "--calibration", "c.h5", "--allocations", "unifrom"},
         "auto; did you mean uniform?"},
    };
    for (const auto& [words, sentence] : requests)
        EXPECT_THAT(expectUsageError(words), HasSubstr(sentence));
}

TEST(Usage, OneGpuMayBeNamed) {
    EXPECT_EQ(runCommand({"inspect", "demo", "--device", "cuda:0"}).exitCode, 0);
    for (const char* device : {"cuda:", "cuda:x", "cuda:-1", "gpu"})
        EXPECT_THAT(expectUsageError({"inspect", "demo", "--device", device}),
                    HasSubstr("is none of auto, cpu, cuda"));
}

TEST(Usage, ACheckpointMayHaveTheNameOfACommand) {
    const Outcome run = runCommand({"inspect", "plan"});
    EXPECT_EQ(run.exitCode, 1);  // there is none of that name
    EXPECT_THAT(run.err, HasSubstr("plan"));
}

TEST(Usage, RankOutsideNamesThePermittedRange) {
    const fixtures::TempFolder folder;
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    for (const char* rank : {"0", "25"}) {  // q is [24, 32]
        const Outcome run = runCommand({"plan", model, "--targets", "q", "--rank", rank});
        EXPECT_EQ(run.exitCode, 2);
        EXPECT_THAT(run.err, HasSubstr("24"));
    }
}

TEST(Usage, HelpOfEveryCommandNamesTheCommonOptions) {
    for (const char* command : {"inspect", "spectrum", "curve", "compare", "plan", "compress",
                                "random-vectors", "report", "doctor"}) {
        const Outcome run = runCommand({command, "--help"});
        EXPECT_EQ(run.exitCode, 0) << command;
        for (const char* option :
             {"--json", "--events", "--device", "--threads", "--seed", "--quiet"})
            EXPECT_THAT(run.out, HasSubstr(option)) << command;
    }
}

TEST(Usage, ErrorsAreEventsToo) {
    const Outcome run = runCommand({"plan", "demo", "--events", "--nonsense"});
    EXPECT_EQ(run.exitCode, 2);
    const auto events = run.events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["event"], "error");
    EXPECT_EQ(events[0]["exit_code"], 2);
    EXPECT_THAT(events[0]["message"].get<std::string>(), HasSubstr("--nonsense"));
}

TEST(BadInput, MessageNamesTheFile) {
    const fixtures::TempFolder folder;
    fixtures::writeTinyT5(folder / "tiny");
    const std::string weights = fixtures::readFile(folder / "tiny/model.safetensors");
    fixtures::writeFile(folder / "tiny/model.safetensors", weights.substr(0, weights.size() - 1));
    const Outcome cut = runCommand({"inspect", folder / "tiny"});
    EXPECT_EQ(cut.exitCode, 1);
    EXPECT_THAT(cut.err, HasSubstr("model.safetensors"));
    const Outcome missing = runCommand({"inspect", folder / "nowhere"});
    EXPECT_EQ(missing.exitCode, 1);
    EXPECT_THAT(missing.err, HasSubstr("nowhere"));
    fixtures::writeFile(folder / "plan.json", "{\"entries\": [");
    fixtures::writeTinyT5(folder / "good");
    const Outcome plan = runCommand({"plan", folder / "good", "--plan", folder / "plan.json"});
    EXPECT_EQ(plan.exitCode, 1);
    EXPECT_THAT(plan.err, HasSubstr("plan.json"));
}

TEST(BadInput, OutputNeverReplacesTheCheckpoint) {
    const fixtures::TempFolder folder;
    fixtures::writeTinyT5(folder / "tiny");
    const std::string before = fixtures::readFile(folder / "tiny/config.json");
    const Outcome run =
        runCommand({"plan", folder / "tiny", "--rank", "4", "--out", folder / "tiny/config.json"});
    EXPECT_EQ(run.exitCode, 1);
    EXPECT_EQ(fixtures::readFile(folder / "tiny/config.json"), before);
}

TEST(Output, AClosedPipeIsAFailureNotACrash) {
    const fixtures::TempFolder folder;
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    for (const char* format : {"--json", "--events", "--quiet"}) {
        const Outcome run = runCommand({"inspect", model, format}, {.closedOutput = true});
        EXPECT_EQ(run.exitCode, 1) << format << run.err;
        EXPECT_THAT(run.err + "", HasSubstr(format == std::string("--events") ? "" : "output"));
    }
}

}  // namespace
}  // namespace rankscope::cli_test
