// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// Dialogues of the demo and what transformers makes of them.
Json golden() { return Json::parse(fixtures::readFile(EVALUATION_GOLDENS))["samples"]; }
Json dialogues() { return Json::parse(fixtures::readFile(fs::path(DEMO_FOLDER) / "test.json")); }

TEST(GenerateCommand, SummarisesOneText) {
    const std::string dialogue = dialogues()[0]["dialogue"];
    const Outcome text = runCommand({"generate", "demo", "--text", dialogue, "--device", "cpu"});
    ASSERT_EQ(text.exitCode, 0) << text.err;
    EXPECT_EQ(text.out, golden()[0]["card"]["text"].get<std::string>() + "\n");
    const Outcome json = runCommand(
        {"generate", "demo", "--text", dialogue, "--device", "cpu", "--preset", "beam4", "--json"});
    ASSERT_EQ(json.exitCode, 0) << json.err;
    const Json output = json.json()["outputs"][0];
    EXPECT_EQ(output["ids"], golden()[0]["beam4"]["ids"]);
    EXPECT_EQ(output["text"], golden()[0]["beam4"]["text"]);
    EXPECT_LT(output["score"], 0);
}

TEST(GenerateCommand, SummarisesAFileInItsOrder) {
    const std::string data = (fs::path(DEMO_FOLDER) / "test.json").string();
    const Outcome run = runCommand({"generate", "demo", "--data", data, "--limit", "20",
                                    "--batch-size", "3", "--device", "cpu", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json outputs = run.json()["outputs"];
    const Json expected = golden();
    ASSERT_EQ(outputs.size(), 20U);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        EXPECT_EQ(outputs[i]["id"], expected[i]["id"]);
        EXPECT_EQ(outputs[i]["text"], expected[i]["card"]["text"]);
    }
}

TEST(GenerateCommand, APresetDecidesOnlyWhatIsNotGiven) {
    const auto settings = [](const std::vector<std::string>& more) {
        std::vector<std::string> words = {"generate", "demo", "--text", "Maya: hi",
                                          "--device", "cpu",  "--json"};
        words.insert(words.end(), more.begin(), more.end());
        const Outcome run = runCommand(words);
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return run.json()["settings"];
    };
    EXPECT_EQ(settings({})["max_new_tokens"], 19);
    const Json mixed = settings({"--preset", "beam4", "--max-new-tokens", "9", "--prefix", "",
                                 "--early-stopping", "never", "--length-penalty", "2"});
    EXPECT_EQ(mixed["beams"], 4);
    EXPECT_EQ(mixed["max_new_tokens"], 9);
    EXPECT_EQ(mixed["prefix"], "");
    EXPECT_EQ(mixed["early_stopping"], "never");
    EXPECT_EQ(mixed["length_penalty"], 2.0);
}

TEST(GenerateCommand, NeedsExactlyOneKindOfText) {
    const auto expectUsage = [](const std::vector<std::string>& words, const char* says) {
        const Outcome run = runCommand(words);
        EXPECT_EQ(run.exitCode, 2);
        EXPECT_THAT(run.err, HasSubstr(says));
    };
    expectUsage({"generate", "demo"}, "--text");
    expectUsage({"generate", "demo", "--text", "a", "--data", "b"}, "not both");
    expectUsage({"generate", "demo", "--text", " \n"}, "empty");
}

TEST(GenerateCommand, AStartTokenOutsideTheEmbeddingIsRefusedByEveryCommand) {
    const fixtures::TempFolder folder;
    const fs::path model = folder / "model", data = fs::path(DEMO_FOLDER) / "test.json";
    fs::copy(DEMO_FOLDER, model);
    Json config = Json::parse(fixtures::readFile(model / "config.json"));
    for (const std::int64_t start : {1100, 99999, 1000000000}) {  // the demo has 1100 rows
        config["decoder_start_token_id"] = start;
        fixtures::writeFile(model / "config.json", config.dump());
        const std::vector<std::vector<std::string>> commands = {
            {"inspect"},
            {"generate", "--text", "hi", "--max-new-tokens", "2", "--device", "cpu"},
            {"evaluate", "--data", data, "--limit", "2", "--metrics", "loss", "--device", "cpu"},
            {"calibrate", "--data", data, "--samples", "2", "--held-out", "1", "--out",
             folder / "c.h5", "--device", "cpu"}};
        for (std::vector<std::string> words : commands) {
            words.insert(words.begin() + 1, model);
            const Outcome run = runCommand(words);
            EXPECT_EQ(run.exitCode, 1) << words[0] << run.err;
            EXPECT_THAT(run.err, HasSubstr("config.json: \"decoder_start_token_id\" is " +
                                           std::to_string(start)))
                << words[0];
            EXPECT_THAT(run.err, HasSubstr("between 0 and 1099")) << words[0];
            EXPECT_EQ(run.out, "") << words[0];
        }
    }
    EXPECT_FALSE(fs::exists(folder / "c.h5"));
}

}  // namespace
}  // namespace rankscope::cli_test
