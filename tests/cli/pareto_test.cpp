// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>

#include "core/base/journal.h"
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
                "0.7", "--ridge", "0.01", "--out", (folder / "front.csv").string()});
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
                HasSubstr("method,allocation,ridge,budget,parameters,loss,on_front"));
}

// What `plan` settles by measuring (the ranks of sensitivity and auto, the ridge) a front settles
// alike; few matrices keep the searches short.
TEST_F(Pareto, MeasuredPlansAreThoseOfPlan) {
    const std::string matrices = "decoder.block.1.layer.2.*";
    const Outcome run =
        runCommand({"pareto", "demo", "--targets", matrices, "--calibration", calibration,
                    "--methods", "svd,compensated", "--allocations", "uniform,sensitivity,auto",
                    "--budgets", "0.965", "--plans", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json points = run.json()["points"];
    ASSERT_EQ(points.size(), 6U);
    for (const Json& point : points) {
        const bool ridge = point["method"] == "compensated";
        EXPECT_EQ(point["ridge"].is_null(), !ridge);
        const Outcome planned = runCommand({"plan", "demo", "--targets", matrices, "--budget",
                                            "0.965", "--method", point["method"].get<std::string>(),
                                            "--allocation", point["allocation"].get<std::string>(),
                                            "--calibration", calibration, "--json"});
        ASSERT_EQ(planned.exitCode, 0) << planned.err;
        const Json plan = planned.json();
        EXPECT_EQ(plan["parameters"], point["plan"]["parameters"]);
        for (std::size_t i = 0; i < plan["entries"].size(); ++i)
            EXPECT_EQ(plan["entries"][i]["rank"], point["plan"]["entries"][i]["rank"]);
        EXPECT_EQ(plan["settings"], point["plan"]["settings"]);
        ASSERT_EQ(plan["tried"].size(), point["plan"]["tried"].size());
        // The loss measured at the end is the one that the choice was made by.
        double least = INFINITY;
        const Json tried = plan["tried"];
        for (const Json& setting : tried) least = std::min(least, setting["loss"].get<double>());
        if (tried.empty()) continue;
        EXPECT_NEAR(point["loss"].get<double>(), least, 1e-9) << point.dump();
    }
}

TEST_F(Pareto, AFrontThatMeasuresNeedsHeldOutDialogues) {
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{"--allocations", "sensitivity"},
          {"--allocations", "uniform,auto"},
          {"--allocation-error", "loss"},
          {"--refit"}}) {
        std::vector<std::string> words = {"pareto", "demo",   "--targets", "ffn",       "--budgets",
                                          "0.9",    "--data", data,        "--metrics", "loss"};
        words.insert(words.end(), more.begin(), more.end());
        const Outcome run = runCommand(words);
        EXPECT_EQ(run.exitCode, 2) << run.err;
        EXPECT_THAT(run.err, HasSubstr("give a file that `calibrate` wrote with --calibration"));
    }
}

TEST_F(Pareto, OnlyASearchNeedsTheCacheFolder) {
    const auto front = [&](const char* allocation) {
        return runCommand(
            {"pareto", "demo", "--targets", "decoder.block.1.layer.2.*", "--budgets", "0.97",
             "--methods", "whitened", "--allocations", allocation, "--calibration", calibration},
            {.environment = {"HOME=", "XDG_CACHE_HOME="}});
    };
    EXPECT_EQ(front("uniform").exitCode, 0);
    const Outcome search = front("sensitivity");
    EXPECT_EQ(search.exitCode, 1);
    EXPECT_THAT(search.err, HasSubstr("neither XDG_CACHE_HOME nor HOME names one"));
}

// All shares from 0.4 up cannot pay it; smaller ones then join.
TEST_F(Pareto, TheSensitivitySearchReachesSmallBudgets) {
    const Outcome run = runCommand({"plan", "demo", "--targets", "decoder.block.1.layer.2.*",
                                    "--budget", "0.94", "--method", "svd", "--allocation",
                                    "sensitivity", "--calibration", calibration, "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_LE(run.json()["parameters"]["stored"].get<double>(), 0.94 * 747328);
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
    for (const char* name :
         {"uniform", "energy", "effective-rank", "water-filling", "gradient", "sensitivity"})
        EXPECT_TRUE(losses.contains(name)) << name;
    EXPECT_EQ(losses.size(), 6U);
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

// Losses that are no numbers stand as null in the journal, as a diverging model leaves them.
TEST_F(Pareto, ADivergingSensitivitySearchPlansWithWhatItHas) {
    const auto plan = [&] {
        return runCommand(
            {"plan", "demo", "--targets", "decoder.block.*.layer.2.*", "--budget", "0.93",
             "--allocation", "sensitivity", "--calibration", calibration, "--json"},
            {.environment = {"XDG_CACHE_HOME=" + (folder / "cache").string()}});
    };
    ASSERT_EQ(plan().exitCode, 0);
    std::filesystem::path journal;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "cache"))
        if (entry.path().parent_path().filename() == "sensitivity") journal = entry.path();
    const std::string written = fixtures::readFile(journal);
    const Json key = Json::parse(written.substr(0, written.find('\n')))["content"];
    std::vector<Json> rows;
    {
        const Journal whole(journal, key, Progress());
        rows.assign(whole.entries().begin(), whole.entries().end());
    }
    ASSERT_EQ(rows.size(), 6U * 6U);
    std::filesystem::remove(journal);
    Journal diverged(journal, key, Progress());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i >= 6) rows[i]["loss"] = nullptr;
        diverged.append(rows[i]);
    }
    diverged = Journal();
    const Outcome run = plan();
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("three matrices in succession gave no finite loss"));
    EXPECT_THAT(run.err, HasSubstr("4 of 6 matrices were measured"));
    EXPECT_LE(run.json()["parameters"]["stored"].get<double>(), 0.93 * 747328);
}

// The weights worked out again from the search's journal and the errors of `curve`: under them the
// plan loses less than the one of relative errors, as water-filling promises.
TEST_F(Pareto, ErrorsWeighedByTheLossGiveTheLeastWeighedSum) {
    const std::string matrices = "decoder.block.1.layer.1.*";
    const auto ranksBy = [&](const char* errors) {
        const Outcome run =
            runCommand({"plan", "demo", "--targets", matrices, "--budget", "0.975", "--method",
                        "whitened", "--allocation", "water-filling", "--allocation-error", errors,
                        "--calibration", calibration, "--json"},
                       {.environment = {"XDG_CACHE_HOME=" + (folder / "cache").string()}});
        EXPECT_EQ(run.exitCode, 0) << run.err;
        const Json plan = run.json();
        EXPECT_LE(plan["parameters"]["stored"].get<double>(), 0.975 * 747328);
        std::map<std::string, std::int64_t> ranks;
        for (const Json& entry : plan["entries"])
            ranks[entry["name"].get<std::string>()] = entry["rank"].get<std::int64_t>();
        return ranks;
    };
    const auto relative = ranksBy("relative");
    const auto weighed = ranksBy("loss");
    EXPECT_NE(relative, weighed);

    const Json curves =
        runCommand({"curve", "demo", "--targets", matrices, "--calibration", calibration,
                    "--methods", "whitened", "--ranks", "0:96:1", "--json"})
            .json();
    std::map<std::string, std::vector<double>> errors;  // by rank
    for (const Json& curve : curves["race"])
        errors[curve["name"].get<std::string>()] =
            curve["activation_error"].get<std::vector<double>>();
    ASSERT_EQ(errors.size(), 4U);
    const Json measured = pareto({"--methods", "svd", "--budgets", "0.9"}).json();
    const double dense = measured["dense"]["loss"].get<double>();
    std::map<std::string, double> weights;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "cache")) {
        if (entry.path().extension() != ".jsonl") continue;
        std::istringstream lines(fixtures::readFile(entry.path()));
        for (std::string line; std::getline(lines, line);)
            if (const Json row = Json::parse(line)["content"]; row.contains("matrix")) {
                const auto name = row["matrix"].get<std::string>();
                const double error = errors.at(name).at(row["rank"].get<std::size_t>());
                weights[name] = std::max(0.0, row["loss"].get<double>() - dense) / (error * error);
            }
    }
    ASSERT_EQ(weights.size(), 4U);
    double mean = 0;
    for (const auto& [name, weight] : weights) mean += weight / 4;
    const auto sum = [&](const std::map<std::string, std::int64_t>& ranks) {
        double total = 0;
        for (const auto& [name, rank] : ranks)
            total += std::max(weights.at(name), mean / 100) *
                     std::pow(errors.at(name).at(static_cast<std::size_t>(rank)), 2);
        return total;
    };
    EXPECT_LT(sum(weighed), sum(relative));
}

TEST_F(Pareto, AllocationsThatMeasureNeedACalibration) {
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{"--allocation", "sensitivity"},
          {"--allocation", "water-filling", "--allocation-error", "loss"},
          {"--refit"},
          {"--method", "compensated"}}) {
        std::vector<std::string> words = {"plan", "demo", "--targets", "ffn", "--budget", "0.9"};
        words.insert(words.end(), more.begin(), more.end());
        const Outcome run = runCommand(words);
        EXPECT_EQ(run.exitCode, 2) << run.err;
        EXPECT_THAT(run.err, HasSubstr("give a file that `calibrate` wrote with --calibration"));
    }
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
    EXPECT_THAT(
        fixtures::readFile(csv),
        testing::StartsWith("method,allocation,ridge,budget,parameters,loss,rouge1,rouge2,rougeL,"
                            "rougeLsum,on_front\r\ndense,,,1,747328,"));
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
