// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

class RougeCommand : public testing::Test {
 protected:
    Outcome rouge(const std::string& predictions, const std::string& references,
                  std::vector<std::string> more = {"--json"}) const {
        fixtures::writeFile(folder / "predictions.jsonl", predictions);
        fixtures::writeFile(folder / "references.jsonl", references);
        std::vector<std::string> words = {"rouge", "--predictions",
                                          (folder / "predictions.jsonl").string(), "--references",
                                          (folder / "references.jsonl").string()};
        words.insert(words.end(), more.begin(), more.end());
        return runCommand(words);
    }
    fixtures::TempFolder folder;
};

// Every golden pair of rouge_score as a line of two files.
TEST_F(RougeCommand, GivesTheScoresOfRougeScoreAndTheirExactMean) {
    const Json goldens = Json::parse(fixtures::readFile(TEXT_GOLDENS "/rouge.json"))["pairs"];
    std::string predictions;
    std::string references;
    for (const Json& pair : goldens) {
        predictions += pair["prediction"].dump() + "\r\n";
        references += pair["reference"].dump() + "\n";
    }
    for (const char* stemming : {"stemmed", "plain"}) {
        std::vector<std::string> more = {"--json", "--resamples", "50"};
        if (std::string(stemming) == "plain") more.emplace_back("--no-stemmer");
        const Outcome run = rouge(predictions, references, more);
        ASSERT_EQ(run.exitCode, 0) << run.err;
        const Json result = run.json();
        ASSERT_EQ(result["pairs"].size(), goldens.size());
        const std::vector<std::string> names = {"rouge1", "rouge2", "rougeL", "rougeLsum"};
        for (std::size_t type = 0; type < names.size(); ++type) {
            std::vector<double> sums(3, 0.0);
            for (std::size_t i = 0; i < goldens.size(); ++i)
                for (std::size_t part = 0; part < 3; ++part) {
                    const double theirs = goldens[i][stemming][type][part].get<double>();
                    sums[part] += theirs;
                    EXPECT_NEAR(result["pairs"][i][names[type]][part].get<double>(), theirs, 1e-12);
                }
            for (std::size_t part = 0; part < 3; ++part)
                EXPECT_NEAR(result["mean"][names[type]][part].get<double>(),
                            sums[part] / static_cast<double>(goldens.size()), 1e-12);
            const double mean = result["mean"][names[type]][2].get<double>();
            EXPECT_LT(result["interval"][names[type]][0].get<double>(), mean);
            EXPECT_GT(result["interval"][names[type]][1].get<double>(), mean);
        }
    }
}

TEST_F(RougeCommand, ALineMayHoldSeveralReferences) {
    const Outcome run = rouge("\"a b\"\n", "[\"c d\", \"a b\"]\n");
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.json()["pairs"][0]["rouge1"], Json({1.0, 1.0, 1.0}));
}

// One line: the words stand in another order, so the common subsequence is one sentence. Split in
// two, each sentence is found whole.
TEST_F(RougeCommand, SentencesAreSplitWhenAskedFor) {
    const std::string prediction = "\"Bo left early. Ann stayed.\"\n";
    const std::string reference = "\"Ann stayed. Bo left early.\"\n";
    const Outcome lines = rouge(prediction, reference);
    EXPECT_DOUBLE_EQ(lines.json()["pairs"][0]["rougeLsum"][2].get<double>(), 0.6);
    const Outcome split = rouge(prediction, reference, {"--json", "--sentences"});
    ASSERT_EQ(split.exitCode, 0) << split.err;
    EXPECT_DOUBLE_EQ(split.json()["pairs"][0]["rougeLsum"][2].get<double>(), 1.0);
    EXPECT_DOUBLE_EQ(split.json()["pairs"][0]["rougeL"][2].get<double>(), 0.6);
    EXPECT_THAT(split.json()["settings"]["sentences"].get<std::string>(), HasSubstr("Punkt"));
}

TEST_F(RougeCommand, PrintsATableOfPercentages) {
    const Outcome run = rouge("\"a b\"\n\"x\"\n", "\"a b\"\n\"y\"\n", {});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("ROUGE-Lsum"));
    EXPECT_THAT(run.out, HasSubstr("50.00"));
    EXPECT_THAT(run.out, HasSubstr("2 pairs"));
}

TEST_F(RougeCommand, BadLinesAreNamed) {
    const auto refused = [&](const std::string& predictions, const std::string& references,
                             const std::string& what) {
        const Outcome run = rouge(predictions, references);
        EXPECT_EQ(run.exitCode, 1);
        EXPECT_EQ(run.out, "");
        EXPECT_THAT(run.err, HasSubstr(what));
    };
    refused("\"a\"\n\"b\n", "\"a\"\n\"b\"\n", "predictions.jsonl, line 2");
    refused("\"a\"\n\n\"b\"\n", "\"a\"\n\"b\"\n\"c\"\n", "line 2: the line is empty");
    refused("[\"a\"]\n", "\"a\"\n", "predictions.jsonl, line 1: a JSON string was expected");
    refused("\"a\"\n", "[]\n", "references.jsonl, line 1");
    refused("\"a\"\n", "[\"a\", 3]\n", "references.jsonl, line 1");
    refused("\"a\"\n", "\"a\"\n\"b\"\n", "has 1 lines and");
    refused("", "\"a\"\n", "holds no line");
    refused("\"\xff\"\n", "\"a\"\n", "predictions.jsonl, line 1");
}

TEST_F(RougeCommand, NeedsBothFiles) {
    EXPECT_EQ(runCommand({"rouge"}).exitCode, 2);
    EXPECT_EQ(runCommand({"rouge", "--predictions", "x"}).exitCode, 2);
    EXPECT_EQ(runCommand({"rouge", "--predictions", "/nonexistent", "--references", "/nonexistent"})
                  .exitCode,
              1);
}

}  // namespace
}  // namespace rankscope::cli_test
