// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(Report, TellsTheStoryOfTheDemo) {
    const fixtures::TempFolder folder;
    const Outcome run = runCommand({"report", "demo", "--out", folder / "report", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    std::vector<std::string> expected = {"report.html", "report.md",          "spectra.csv",
                                         "curves.csv",  "random_vectors.csv", "parameters.csv",
                                         "tables.json", "evaluation.csv"};
    if (RANKSCOPE_HAS_WINDOW != 0)
        for (const char* name : {"spectra", "errors", "seed"})
            for (const char* ending : {".png", ".pdf"})
                expected.push_back(std::string(name) + ending);
    const Json document = run.json();
    for (const std::string& name : expected) {
        EXPECT_TRUE(fs::is_regular_file(folder / "report" / name)) << name;
        EXPECT_THAT(document["files"].get<std::vector<std::string>>(), testing::Contains(name));
    }
    const std::string html = fixtures::readFile(folder / "report" / "report.html");
    EXPECT_THAT(html, HasSubstr("747,328"));
    EXPECT_THAT(html, testing::Not(HasSubstr("<script")));
    EXPECT_THAT(html, testing::Not(HasSubstr("http")));
    // 382 / 768 of 96, and why the post's figures are not shown
    EXPECT_EQ(document["tables"]["rank"], 48);
    EXPECT_EQ(document["tables"]["published"]["same_shape"], false);
    EXPECT_THAT(html, HasSubstr("Flan-T5-base"));
    EXPECT_THAT(html, testing::Not(HasSubstr("not measured")));
    EXPECT_THAT(html, HasSubstr("ROUGE-Lsum"));
    const Json& evaluation = document["tables"]["evaluation"];
    ASSERT_EQ(evaluation["runs"].size(), 3U);  // as it is, two factors, pivoted
    EXPECT_EQ(evaluation["runs"][0]["samples"], 200);
    EXPECT_EQ(evaluation["runs"][1]["parameters"], 747'328);  // 2 x 96 x 48 is 96 x 96
    EXPECT_EQ(evaluation["runs"][2]["parameters"], 747'328 - 28 * 48 * 48);
    // resources/demo/README.md: 84.87 by rouge_score, greedy with max_length 20
    EXPECT_NEAR(evaluation["runs"][0]["rouge"]["rouge1"].get<double>(), 84.87, 0.005);
    // 28 attention matrices of 96x96: 7 a block, 4 in an encoder block and 8 in a decoder block
    for (const Json& row : document["tables"]["parameter_table"])
        if (row["targets"] == "q,k,v,o") {
            EXPECT_EQ(row["matrices"], 28);
            EXPECT_EQ(row["post_convention"], 747'328 - 28 * 96 * 96);
            EXPECT_EQ(row["pivoted"], 747'328 - 28 * 48 * 48);
        }
    for (const Json& row : document["tables"]["budgets"])
        if (row.contains("stored")) EXPECT_LE(row["stored"].get<double>(), 0.7 * 747'328);
}

TEST(Report, EvaluatesOtherModelsOnDataThatIsGiven) {
    const fixtures::TempFolder folder;
    const fs::path model = fixtures::writeTinyT5(folder / "tiny", {.vocabulary = 1100});
    const Outcome without =
        runCommand({"report", model, "--out", folder / "without", "--vectors", "10"});
    ASSERT_EQ(without.exitCode, 0) << without.err;
    EXPECT_THAT(fixtures::readFile(folder / "without" / "report.html"),
                HasSubstr("report --data FILE"));
    for (const char* name : {"tokenizer.json", "spiece.model"})
        fs::copy_file(fs::path(DEMO_FOLDER) / name, model / name,
                      fs::copy_options::overwrite_existing);
    const Outcome with =
        runCommand({"report", model, "--out", folder / "with", "--vectors", "10", "--data",
                    fs::path(DEMO_FOLDER) / "test.json", "--limit", "3", "--json"});
    ASSERT_EQ(with.exitCode, 0) << with.err;
    EXPECT_EQ(with.json()["tables"]["evaluation"]["runs"][2]["samples"], 3);
}

TEST(Report, ReplacesOnlyReportsAndOnlyWhenForced) {
    const fixtures::TempFolder folder;
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    const std::string target = folder / "report";
    ASSERT_EQ(runCommand({"report", model, "--out", target, "--vectors", "10"}).exitCode, 0);
    const Outcome refused = runCommand({"report", model, "--out", target});
    EXPECT_EQ(refused.exitCode, 1);
    EXPECT_THAT(refused.err, HasSubstr("report"));
    const std::string old = fixtures::readFile(fs::path(target) / "random_vectors.csv");
    EXPECT_EQ(runCommand({"report", model, "--out", target, "--vectors", "11", "--force"}).exitCode,
              0);
    EXPECT_NE(fixtures::readFile(fs::path(target) / "random_vectors.csv"), old);
    fs::create_directory(folder / "mine");
    fixtures::writeFile(folder / "mine/letter.txt", "mine");
    const Outcome kept = runCommand({"report", model, "--out", folder / "mine", "--force"});
    EXPECT_EQ(kept.exitCode, 1);
    EXPECT_EQ(fixtures::readFile(folder / "mine/letter.txt"), "mine");
    const Outcome inside = runCommand({"report", model, "--out", fs::path(model) / "report"});
    EXPECT_EQ(inside.exitCode, 1);
}

TEST(Report, InterruptLeavesNothing) {
    const fixtures::TempFolder folder;
    writeSparseFlanT5(folder / "base", 768, 2048, 12, 12);
    const Outcome run = runCommand(
        {"report", folder / "base", "--out", folder / "report", "--events", "--threads", "1"},
        {.interruptAfter = "\"progress\""});
    EXPECT_EQ(run.exitCode, 130) << run.err;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder.path()))
        EXPECT_EQ(entry.path().filename(), "base");
}

#if RANKSCOPE_HAS_WINDOW
TEST(Figures, AreDrawnByTheWindowProgram) {
    const fixtures::TempFolder folder;
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    for (const char* name : {"s.png", "s.pdf", "s.svg"}) {
        const Outcome run =
            runCommand({"spectrum", model, "--targets", "q", "--out", folder / name});
        ASSERT_EQ(run.exitCode, 0) << run.err;
        EXPECT_GT(fs::file_size(folder / name), 1000U);
    }
    EXPECT_EQ(fixtures::readFile(folder / "s.png").substr(1, 3), "PNG");
    EXPECT_EQ(fixtures::readFile(folder / "s.pdf").substr(0, 4), "%PDF");
}
#else
TEST(Figures, WithoutTheWindowProgramSaySo) {
    const fixtures::TempFolder folder;
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    const Outcome run =
        runCommand({"spectrum", model, "--targets", "q", "--out", folder / "s.png"});
    EXPECT_EQ(run.exitCode, 1);
    EXPECT_THAT(run.err, HasSubstr("rankscope"));
    EXPECT_FALSE(fs::exists(folder / "s.png"));
}
#endif

}  // namespace
}  // namespace rankscope::cli_test
