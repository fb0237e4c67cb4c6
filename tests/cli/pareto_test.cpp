// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

/// A calibration on one dialogue again and again: any of them may be held out, so the held-out loss
/// is that of `evaluate` on the same file.
class Pareto : public testing::Test {
 protected:
    void SetUp() override {
        const Json rows = Json::parse(fixtures::readFile(DEMO_FOLDER "/test.json"));
        Json copies = Json::array();
        for (int i = 0; i < 5; ++i) copies.push_back(rows[7]);
        fixtures::writeFile(folder / "talk.json", copies.dump());
        const Outcome made = runCommand({"calibrate", "demo", "--data", data, "--samples", "4",
                                         "--held-out", "1", "--out", calibration});
        ASSERT_EQ(made.exitCode, 0) << made.err;
    }
    Outcome pareto(std::vector<std::string> more) const {
        std::vector<std::string> words = {
            "pareto", "demo", "--targets", "attention,ffn", "--calibration", calibration, "--json"};
        words.insert(words.end(), more.begin(), more.end());
        return runCommand(words);
    }
    fixtures::TempFolder folder;
    std::string data = (folder / "talk.json").string();
    std::string calibration = (folder / "calibration.h5").string();
};

TEST_F(Pareto, EachPointIsWhatPlanAndEvaluateGive) {
    const Outcome run =
        pareto({"--methods", "svd,anchored", "--allocations", "uniform,water-filling", "--budgets",
                "0.7", "--out", (folder / "front.csv").string()});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json points = run.json()["points"];
    ASSERT_EQ(points.size(), 4U);
    for (const Json& point : points) {
        const std::string plan = (folder / "plan.json").string();
        const Outcome planned =
            runCommand({"plan", "demo", "--targets", "attention,ffn", "--budget",
                        point["budget"].dump(), "--method", point["method"].get<std::string>(),
                        "--allocation", point["allocation"].get<std::string>(), "--ridge", "0.01",
                        "--calibration", calibration, "--out", plan, "--json"});
        ASSERT_EQ(planned.exitCode, 0) << planned.err;
        EXPECT_EQ(planned.json()["parameters"]["stored"], point["parameters"]);
        const Outcome measured = runCommand({"evaluate", "demo", "--plan", plan, "--data", data,
                                             "--metrics", "loss", "--no-cache", "--json"});
        ASSERT_EQ(measured.exitCode, 0) << measured.err;
        EXPECT_NEAR(measured.json()["runs"][1]["loss"]["token_mean"].get<double>(),
                    point["loss"].get<double>(), 1e-4)
            << point.dump();
        EXPECT_NEAR(measured.json()["runs"][0]["loss"]["token_mean"].get<double>(),
                    run.json()["dense"]["loss"].get<double>(), 1e-5);
    }
    EXPECT_THAT(fixtures::readFile(folder / "front.csv"),
                HasSubstr("method,allocation,budget,parameters,loss,on_front"));
}

// Three matrices, so that the search has 18 losses to measure.
TEST_F(Pareto, AutoTakesTheAllocationThatLosesLeastAndShowsAll) {
    const std::string plan = (folder / "plan.json").string();
    const Outcome run =
        runCommand({"plan", "demo", "--targets", "decoder.block.1.layer.2.*", "--budget", "0.965",
                    "--method", "whitened", "--calibration", calibration, "--out", plan, "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json made = run.json();
    std::map<std::string, double> losses;
    for (const Json& tried : made["tried"]) {
        losses[tried["allocation"].get<std::string>()] = tried["loss"].get<double>();
        EXPECT_LE(tried["parameters"].get<double>(), 0.965 * 747328);
    }
    for (const char* name : {"uniform", "energy", "effective-rank", "water-filling", "sensitivity"})
        EXPECT_TRUE(losses.contains(name)) << name;
    EXPECT_EQ(losses.size(), 5U);
    const double taken = losses.at(made["allocation"].get<std::string>());
    for (const auto& [name, loss] : losses) EXPECT_LE(taken, loss) << name;
    const Outcome measured = runCommand({"evaluate", "demo", "--plan", plan, "--data", data,
                                         "--metrics", "loss", "--no-cache", "--json"});
    ASSERT_EQ(measured.exitCode, 0) << measured.err;
    EXPECT_NEAR(measured.json()["runs"][1]["loss"]["token_mean"].get<double>(), taken, 1e-4);
}

TEST_F(Pareto, TheSensitivitySearchGoesOnWhereItWas) {
    const auto plan = [&] {
        return runCommand({"plan", "demo", "--targets", "decoder.block.0.layer.2.*", "--budget",
                           "0.96", "--allocation", "sensitivity", "--method", "anchored", "--ridge",
                           "0.01", "--calibration", calibration, "--json"},
                          {.environment = {"XDG_CACHE_HOME=" + (folder / "cache").string()}});
    };
    const Outcome first = plan();
    ASSERT_EQ(first.exitCode, 0) << first.err;
    EXPECT_EQ(first.json()["allocation"], "sensitivity");
    EXPECT_LE(first.json()["parameters"]["stored"].get<double>(), 0.96 * 747328);
    std::filesystem::path journal;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "cache"))
        if (entry.path().extension() == ".jsonl") journal = entry.path();
    ASSERT_FALSE(journal.empty());
    const std::string whole = fixtures::readFile(journal);
    EXPECT_EQ(std::ranges::count(whole, '\n'), 1 + 3 * 6);
    // What is there is not measured again: an impossible loss stays. What is missing is.
    std::size_t end = 0;
    for (int line = 0; line < 8; ++line) end = whole.find('\n', end) + 1;
    fixtures::writeFile(journal, whole.substr(0, end));
    const Outcome again = plan();
    ASSERT_EQ(again.exitCode, 0) << again.err;
    EXPECT_EQ(fixtures::readFile(journal), whole);
    EXPECT_EQ(again.json()["entries"], first.json()["entries"]);
}

TEST_F(Pareto, TheFrontIsWhatNoOtherPointBeats) {
    const Outcome run = pareto({"--methods", "svd,whitened", "--budgets", "0.5:0.9:0.2"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json points = run.json()["points"];
    ASSERT_EQ(points.size(), 2U * 2 * 3);
    for (const Json& a : points) {
        bool beaten = false;
        for (const Json& b : points)
            beaten = beaten || (b["parameters"] <= a["parameters"] && b["loss"] <= a["loss"] &&
                                (b["parameters"] < a["parameters"] || b["loss"] < a["loss"]));
        EXPECT_EQ(a["on_front"].get<bool>(), !beaten);
    }
}

TEST_F(Pareto, BudgetsThatCannotBePaidAreSkippedAndSaid) {
    const Outcome run = pareto({"--methods", "svd", "--budgets", "0.01,0.8"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.json()["points"].size(), 2U);
    ASSERT_EQ(run.json()["skipped"].size(), 2U);
    EXPECT_THAT(run.json()["skipped"][0].get<std::string>(), HasSubstr("permitted range"));
}

TEST_F(Pareto, WrongRequests) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--budgets", "0"},
                                                 {"--budgets", "0.9:0.5:0.1"},
                                                 {"--budgets", "x"},
                                                 {"--methods", "magic"},
                                                 {"--allocations", "fair"}})
        EXPECT_EQ(pareto(more).exitCode, 2) << more[1];
    ASSERT_EQ(runCommand({"calibrate", "demo", "--data", data, "--samples", "5", "--held-out", "0",
                          "--out", calibration})
                  .exitCode,
              0);
    const Outcome none = pareto({});
    EXPECT_EQ(none.exitCode, 2);
    EXPECT_THAT(none.err, HasSubstr("--held-out"));
}

}  // namespace
}  // namespace rankscope::cli_test
