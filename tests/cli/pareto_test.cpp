// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
                        "--allocation", point["allocation"].get<std::string>(), "--calibration",
                        calibration, "--out", plan, "--json"});
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

/// Loss and ROUGE of the plan that `plan` makes for a point, as `evaluate` measures them.
Json measuredAlone(const Json& point, const std::string& plan, const std::string& data,
                   const std::vector<std::string>& how) {
    std::vector<std::string> words = {"plan",         "demo",
                                      "--targets",    "attention,ffn",
                                      "--budget",     point["budget"].dump(),
                                      "--method",     point["method"].get<std::string>(),
                                      "--allocation", point["allocation"].get<std::string>(),
                                      "--out",        plan};
    words.insert(words.end(), how.begin(), how.end());
    const Outcome planned = runCommand(words);
    EXPECT_EQ(planned.exitCode, 0) << planned.err;
    const Outcome measured =
        runCommand({"evaluate", "demo", "--plan", plan, "--data", data, "--no-cache", "--json"});
    EXPECT_EQ(measured.exitCode, 0) << measured.err;
    return measured.json()["runs"];
}

TEST_F(Pareto, OnDataEachPointHasTheLossAndRougeOfItsPlan) {
    const Json rows = Json::parse(fixtures::readFile(DEMO_FOLDER "/test.json"));
    const std::string other = (folder / "other.json").string();
    fixtures::writeFile(other, Json{rows[1], rows[2], rows[3]}.dump());
    const std::string csv = (folder / "front.csv").string();
    const Outcome run =
        pareto({"--methods", "svd,whitened", "--allocations", "water-filling", "--budgets", "0.8",
                "--data", other, "--limit", "2", "--plans", "--no-cache", "--out", csv});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json front = run.json();
    EXPECT_EQ(front["data"], other);
    EXPECT_EQ(front["dialogues"], 2);
    ASSERT_EQ(front["points"].size(), 2U);
    fixtures::writeFile(other, Json{rows[1], rows[2]}.dump());
    for (const Json& point : front["points"]) {
        const std::string plan = (folder / "plan.json").string();
        const Json runs = measuredAlone(point, plan, other, {"--calibration", calibration});
        EXPECT_EQ(Json::parse(fixtures::readFile(plan)), point["plan"]);
        const auto expectEqual = [](const Json& alone, const Json& ours) {
            EXPECT_NEAR(alone["loss"]["token_mean"].get<double>(), ours["loss"].get<double>(),
                        1e-4);
            for (const char* type : {"rouge1", "rouge2", "rougeL", "rougeLsum"})
                EXPECT_NEAR(alone["rouge"][type].get<double>(), ours["rouge"][type].get<double>(),
                            1e-9)
                    << type;
        };
        expectEqual(runs[0], front["dense"]);
        expectEqual(runs[1], point);
    }
    EXPECT_THAT(fixtures::readFile(csv),
                testing::StartsWith("method,allocation,budget,parameters,loss,rouge1,rouge2,rougeL,"
                                    "rougeLsum,on_front\r\ndense,,1,747328,"));
}

TEST_F(Pareto, DataAloneIsEnoughForMethodsThatLookAtNone) {
    const std::vector<std::string> words = {"pareto",    "demo", "--data",     data,
                                            "--limit",   "1",    "--budgets",  "0.9",
                                            "--metrics", "loss", "--no-cache", "--json"};
    const Outcome run = runCommand(words);
    ASSERT_EQ(run.exitCode, 0) << run.err;
    ASSERT_EQ(run.json()["points"].size(), 2U);  // svd under two allocations
    for (const Json& point : run.json()["points"]) {
        EXPECT_EQ(point["method"], "svd");
        EXPECT_TRUE(point["rouge"].is_null());
        EXPECT_FALSE(point.contains("plan"));
    }
    std::vector<std::string> more = words;
    more.insert(more.end(), {"--methods", "svd,whitened"});
    const Outcome missing = runCommand(more);
    EXPECT_EQ(missing.exitCode, 2);
    EXPECT_THAT(missing.err, HasSubstr("--calibration"));
    const Outcome nothing = runCommand({"pareto", "demo"});
    EXPECT_EQ(nothing.exitCode, 2);
    EXPECT_THAT(nothing.err, HasSubstr("nothing to measure on"));
}

TEST_F(Pareto, DrawsLossAndRougeInEveryFormat) {
    if (!RANKSCOPE_HAS_WINDOW) GTEST_SKIP() << "built without the window";
    const std::string svg = (folder / "front.svg").string();
    Outcome run = pareto({"--methods", "svd,whitened", "--allocations", "uniform", "--budgets",
                          "0.7,0.9", "--data", data, "--limit", "1", "--no-cache", "--out", svg});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const std::string drawn = fixtures::readFile(svg);
    for (const char* words :
         {"loss (mean over tokens)", "ROUGE-1", "svd, uniform", "whitened, uniform",
          "front by loss", "dense model", "1 dialogues of talk.json"})
        EXPECT_THAT(drawn, HasSubstr(words));
    for (const char* name : {"front.png", "front.pdf"}) {
        run = pareto({"--methods", "svd", "--budgets", "0.9", "--out", (folder / name).string()});
        ASSERT_EQ(run.exitCode, 0) << run.err;
    }
    EXPECT_EQ(fixtures::readFile(folder / "front.png").substr(1, 3), "PNG");
    EXPECT_THAT(fixtures::readFile(folder / "front.pdf"), testing::StartsWith("%PDF"));
}

TEST_F(Pareto, WrongRequests) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--budgets", "0"},
                                                 {"--budgets", "1.2"},
                                                 {"--budgets", "0.9:0.5:0.1"},
                                                 {"--budgets", "0.1:0.9:1e-9"},
                                                 {"--budgets", "0.01"},
                                                 {"--methods", "svd,fisher"},
                                                 {"--metrics", "bleu"},
                                                 {"--storage", "small"},
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
