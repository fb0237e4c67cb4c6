// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

std::string cacheIn(const fixtures::TempFolder& folder) {
    return "XDG_CACHE_HOME=" + (folder / "cache").string();
}

std::string dataset(const fs::path& path, const Json& rows) {
    fixtures::writeFile(path, rows.dump());
    return path.string();
}

TEST(EvaluateCommand, PutsACompressedModelAndAPlanBesideTheDemo) {
    const fixtures::TempFolder folder;
    const std::string plan = folder / "plan.json", small = folder / "small";
    ASSERT_EQ(runCommand({"plan", "demo", "--rank", "32", "--out", plan}).exitCode, 0);
    ASSERT_EQ(runCommand({"compress", "demo", "--plan", plan, "--out", small}).exitCode, 0);
    const Outcome run =
        runCommand({"evaluate", "demo", small, "--plan", plan, "--limit", "12", "--json",
                    "--per-sample", "--device", "cpu", "--out", folder / "table.csv"},
                   {.environment = {cacheIn(folder)}});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("200 dialogues that come with the demo"));
    const Json document = run.json();
    ASSERT_EQ(document["runs"].size(), 3U);
    const Json &demo = document["runs"][0], &saved = document["runs"][1],
               &planned = document["runs"][2];
    EXPECT_EQ(demo["parameters"], 747'328);
    EXPECT_EQ(demo["samples"], 12);
    EXPECT_EQ(planned["checkpoint"], "demo by plan.json");
    EXPECT_EQ(planned["parameters"], saved["parameters"]);
    EXPECT_GT(saved["loss"]["token_mean"], demo["loss"]["token_mean"]);
    // The same factors, once read from disk and once made in memory.
    EXPECT_NEAR(planned["loss"]["token_mean"].get<double>(),
                saved["loss"]["token_mean"].get<double>(), 1e-4);
    ASSERT_EQ(document["comparison"].size(), 12U);
    for (const Json& row : document["comparison"]) {
        EXPECT_LE(row["low"].get<double>(), row["difference"].get<double>() + 1e-9) << row;
        EXPECT_GE(row["high"].get<double>(), row["difference"].get<double>() - 1e-9) << row;
    }
    ASSERT_EQ(document["samples"].size(), 12U);
    EXPECT_EQ(document["samples"][0]["id"], "demo-test-00000");
    EXPECT_EQ(document["samples"][0]["outputs"].size(), 3U);
    EXPECT_EQ(document["settings"]["data"]["examples"], 12);
    const std::string table = fixtures::readFile(folder / "table.csv");
    EXPECT_THAT(table, AllOf(HasSubstr("model,parameters,"), HasSubstr("\r\ndemo,747328,")));
}

TEST(EvaluateCommand, PrintsATableWithinAHundredColumns) {
    const fixtures::TempFolder folder;
    const Outcome run = runCommand({"evaluate", "demo", "demo", "--limit", "4", "--device", "cpu"},
                                   {.environment = {cacheIn(folder)}});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    for (const char* text : {"ROUGE-Lsum", "eval_loss to 4.35", "eval_loss from 4.36", "747,328",
                             "difference", "Punkt", "batches of 8", "4 examples"})
        EXPECT_THAT(run.out, HasSubstr(text));
    std::istringstream lines(run.out);
    for (std::string line; std::getline(lines, line) && !line.starts_with("Data");)
        EXPECT_LE(line.size(), 100U) << line;
    for (const char* ending : {".json", ".tsv", ".md", ".tex"}) {
        const std::string out = (folder / "table").string() + ending;
        EXPECT_EQ(runCommand({"evaluate", "demo", "--limit", "4", "--device", "cpu", "--out", out},
                             {.environment = {cacheIn(folder)}})
                      .exitCode,
                  0);
        EXPECT_GT(fs::file_size(out), 100U);
    }
}

TEST(EvaluateCommand, NamesBadRowsAndCountsCutTexts) {
    const fixtures::TempFolder folder;
    std::string dialogue;
    for (int i = 0; i < 5000; ++i) dialogue += "Maya: yes\r\n";
    const std::string data = dataset(
        folder / "d.json",
        {{{"id", "1"}, {"dialogue", dialogue}, {"summary", "Maya says yes."}},
         {{"id", "2"}, {"dialogue", ""}, {"summary", "Nobody says anything."}},
         {{"id", "3"}, {"dialogue", "Maya: I am late.\nPaul: ok"}, {"summary", nullptr}},
         {{"id", "4"}, {"dialogue", "Maya: I am late.\nPaul: ok"}, {"summary", "Maya is late."}}});
    const Outcome run = runCommand({"evaluate", "demo", "--data", data, "--device", "cpu"},
                                   {.environment = {cacheIn(folder)}});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.out, AllOf(HasSubstr("2 rows left out"), HasSubstr("1 of 2 texts"),
                               HasSubstr("512 tokens")));
    EXPECT_THAT(run.err, HasSubstr("is left out"));
}

TEST(EvaluateCommand, GoesOnAfterAnInterrupt) {
    const fixtures::TempFolder folder;
    const std::vector<std::string> words = {
        "evaluate",       "demo", "--device", "cpu",       "--limit", "60",
        "--token-budget", "1",    "--events", "--threads", "1"};
    const Outcome stopped =
        runCommand(words, {.environment = {cacheIn(folder)}, .interruptAfter = "summaries"});
    ASSERT_EQ(stopped.exitCode, 130) << stopped.err;
    EXPECT_THAT(stopped.out, Not(HasSubstr("\"done\"")));
    const auto result = [&](const char* cache) {
        auto again = words;
        again.emplace_back("--per-sample");
        const Outcome run =
            runCommand(again, {.environment = {"XDG_CACHE_HOME=" + (folder / cache).string()}});
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return run.events().back()["result"];
    };
    Json resumed = result("cache"), fresh = result("other");
    EXPECT_EQ(resumed["runs"][0]["resumed"], true);
    EXPECT_EQ(fresh["runs"][0]["resumed"], false);
    for (Json* document : {&resumed, &fresh})
        for (const char* key : {"seconds", "tokens_per_second", "resumed"})
            (*document)["runs"][0].erase(key);
    EXPECT_EQ(resumed.dump(), fresh.dump());
}

TEST(EvaluateCommand, RefusesWhatItCannotDo) {
    const fixtures::TempFolder folder;
    const auto code = [&](std::vector<std::string> words, const char* says) {
        words.insert(words.begin(), "evaluate");
        const Outcome run = runCommand(words, {.environment = {cacheIn(folder)}});
        EXPECT_THAT(run.err, HasSubstr(says));
        EXPECT_EQ(run.out, "");
        return run.exitCode;
    };
    EXPECT_EQ(code({"demo", "--metrics", "bleu"}, "bleu"), 2);
    EXPECT_EQ(code({"demo", "--preset", "best"}, "beam4"), 2);
    EXPECT_EQ(code({"demo", "--beams", "0"}, "permitted range"), 2);
    EXPECT_EQ(code({"demo", "--min-new-tokens", "30"}, "--max-new-tokens 19"), 2);
    EXPECT_EQ(code({"demo", "--out", folder / "a.xlsx"}, ".csv"), 2);
    EXPECT_EQ(code({"demo", "--device", "cuda:x"}, "cuda"), 2);
    EXPECT_EQ(code({"demo", "--data", folder / "none.json"}, "none.json"), 1);
    EXPECT_EQ(code({"demo", "--plan", folder / "none.json"}, "none.json"), 1);
    EXPECT_EQ(code({folder / "none"}, "none"), 1);
    // A tokenizer larger than the embedding.
    const fs::path tiny = fixtures::writeTinyT5(folder / "tiny");
    for (const char* name : {"tokenizer.json", "spiece.model"})
        fs::copy_file(fs::path(DEMO_FOLDER) / name, tiny / name,
                      fs::copy_options::overwrite_existing);
    EXPECT_EQ(code({tiny}, "160 rows"), 1);
    for (const char* name : {"tokenizer.json", "spiece.model"}) fs::remove(tiny / name);
    EXPECT_EQ(code({tiny}, "no tokenizer"), 1);
}

}  // namespace
}  // namespace rankscope::cli_test
