// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

class Slim : public testing::Test {
 protected:
    static void SetUpTestSuite() {
        folder = std::make_unique<fixtures::TempFolder>();
        calibration = (*folder / "calibration.h5").string();
        const Outcome made =
            runCommand({"calibrate", "demo", "--data", DEMO_FOLDER "/calibration.json", "--samples",
                        "60", "--held-out", "20", "--out", calibration});
        ASSERT_EQ(made.exitCode, 0) << made.err;
        Json rows = Json::parse(fixtures::readFile(DEMO_FOLDER "/test.json"));
        rows.erase(rows.begin() + 30, rows.end());
        data = (*folder / "talk.json").string();
        fixtures::writeFile(data, rows.dump());
    }
    static void TearDownTestSuite() { folder.reset(); }

    static Outcome run(Words words, const Words& more) {
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"--json", "--quiet"});
        return runCommand(words);
    }
    static Json planned(const Words& more) {
        const Outcome made = run({"plan", "demo"}, more);
        EXPECT_EQ(made.exitCode, 0) << made.err;
        return made.json();
    }
    static double loss(const Words& subject) {
        Words words = {"evaluate"};
        words.insert(words.end(), subject.begin(), subject.end());
        const Outcome run = Slim::run(words, {"--data", data, "--metrics", "loss", "--no-cache"});
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return run.json()["runs"].back()["loss"]["token_mean"].get<double>();
    }
    static std::string path(const std::string& name) { return (*folder / name).string(); }

    static inline std::unique_ptr<fixtures::TempFolder> folder;
    static inline std::string calibration, data;
};

TEST_F(Slim, IsTheMethodOfPlansWithACalibration) {
    const auto methodOf = [](const Words& more) {
        const Json plan = planned(more);
        return plan["entries"][0]["method"].get<std::string>() + " " +
               plan["entries"][0]["storage"].get<std::string>();
    };
    const Words with = {"--calibration", calibration, "--allocation", "uniform", "--ridge", "0.01"};
    const auto also = [&](Words words) {
        words.insert(words.end(), with.begin(), with.end());
        return words;
    };
    EXPECT_EQ(methodOf(also({"--budget", "0.7"})), "slim plain");
    EXPECT_EQ(methodOf(also({"--ratio", "0.7", "--storage", "sizes"})), "slim sizes");
    EXPECT_EQ(methodOf({"--budget", "0.7"}), "svd pivoted");
    EXPECT_EQ(methodOf(also({"--budget", "0.95", "--targets", "q"})), "svd pivoted");
    EXPECT_EQ(methodOf(also({"--rank", "20"})), "svd pivoted");
    EXPECT_EQ(methodOf(also({"--budget", "0.7", "--storage", "factored"})), "svd factored");
    EXPECT_EQ(methodOf(also({"--budget", "0.7", "--method", "whitened"})), "whitened pivoted");
    const Outcome none = run({"plan", "demo"}, {"--budget", "0.7", "--storage", "plain"});
    EXPECT_EQ(none.exitCode, 2);
    EXPECT_THAT(none.err, HasSubstr("slim"));
    EXPECT_THAT(none.err, HasSubstr("calibrate"));
}

TEST_F(Slim, LosesLessThanTheBestOfLowRankAndIsTheSameModelOnDisk) {
    double least = INFINITY;
    for (const std::string storage : {"sizes", "plain"}) {
        const std::string plan = path(storage + ".json");
        const Json made = planned(
            {"--budget", "0.7", "--storage", storage, "--calibration", calibration, "--out", plan});
        EXPECT_GE(made["tried"].size(), 7U);
        std::string tried;
        for (const Json& setting : made["tried"])
            tried += setting["allocation"].get<std::string>() + "; ";
        EXPECT_THAT(tried, HasSubstr(storage == "plain" ? "d_kv 14, d_ff 110;"
                                                        : "uniform; water-filling; gradient;"));
        const double stored = made["parameters"]["stored"].get<double>();
        const double dense = made["parameters"]["dense"].get<double>();
        EXPECT_LE(stored, 0.7 * dense);
        EXPECT_GT(stored, 0.69 * dense);
        const Outcome saved = run({"compress", "demo", "--plan", plan, "--out"}, {path(storage)});
        ASSERT_EQ(saved.exitCode, 0) << saved.err;
        EXPECT_EQ(saved.json()["parameters"]["stored"], made["parameters"]["stored"]);
        EXPECT_TRUE(saved.json()["verified"].get<bool>());
        EXPECT_EQ(saved.json()["bytes"]["after"].get<double>() <
                      0.71 * saved.json()["bytes"]["before"].get<double>(),
                  true);
        const double inMemory = loss({"demo", "--plan", plan});
        EXPECT_NEAR(loss({path(storage)}), inMemory, 1e-5);
        least = std::min(least, inMemory);
        // The folder is one like any other: its spectra are computed and its summaries made.
        const Outcome spectra = run({"spectrum", path(storage)}, {"--targets", "attention"});
        EXPECT_EQ(spectra.exitCode, 0) << spectra.err;
        const Outcome texts = run({"generate", path(storage)}, {"--data", data, "--beams", "2"});
        EXPECT_EQ(texts.exitCode, 0) << texts.err;
    }
    const std::string plan = path("compensated.json");
    planned({"--budget", "0.7", "--method", "compensated", "--allocation", "water-filling",
             "--calibration", calibration, "--ridge", "0.01", "--out", plan});
    EXPECT_LT(least, loss({"demo", "--plan", plan}) - 0.02);
}

TEST_F(Slim, AtFullSizeRandomVectorsSeeNoDifference) {
    const Outcome full =
        run({"random-vectors", "demo"}, {"--ratio", "1", "--calibration", calibration, "--ridge",
                                         "1e-9", "--storage", "sizes", "--vectors", "64"});
    ASSERT_EQ(full.exitCode, 0) << full.err;
    const Json all = full.json()["results"];
    ASSERT_EQ(all.size(), 43U);
    for (const Json& one : all) {
        EXPECT_NEAR(one["cosine_mean"].get<double>(), 1, 1e-4) << one.dump();
        EXPECT_LT(one["on_held_out"]["relative_error"].get<double>(), 1e-2) << one.dump();
    }
    const Outcome half =
        run({"random-vectors", "demo"},
            {"--ratio", "0.5", "--calibration", calibration, "--ridge", "0.01", "--vectors", "64"});
    ASSERT_EQ(half.exitCode, 0) << half.err;
    const Json cut = half.json()["results"];
    const Json& q = cut[0];
    EXPECT_LT(q["cosine_mean"].get<double>(), 0.999);
    EXPECT_EQ(q["rank"], 48);
    EXPECT_EQ(q["cosine_mean"], cut[1]["cosine_mean"]);  // with k
}

TEST_F(Slim, OfFewTokensTakesALargerRidgeAndSaysSo) {
    const std::string few = path("few.h5");
    const Outcome made = run({"calibrate", "demo", "--data", DEMO_FOLDER "/calibration.json"},
                             {"--samples", "2", "--held-out", "0", "--out", few});
    ASSERT_EQ(made.exitCode, 0) << made.err;
    ASSERT_FALSE(made.json()["warnings"].empty());
    const Words words = {"plan", "demo", "--budget", "0.7", "--calibration", few, "--json"};
    const Outcome plan = runCommand(words);
    ASSERT_EQ(plan.exitCode, 0) << plan.err;
    EXPECT_EQ(plan.json()["settings"]["ridge"], 0.1);
    EXPECT_THAT(plan.err, HasSubstr("so slim's ridge is 0.1"));
    Words given = words;
    given.insert(given.end(), {"--ridge", "0.5"});
    EXPECT_EQ(runCommand(given).json()["settings"]["ridge"], 0.5);
    EXPECT_EQ(planned({"--budget", "0.7", "--calibration", calibration, "--allocation", "uniform",
                       "--ridge", "0.01"})["settings"]["ridge"],
              0.01);
}

TEST_F(Slim, IsOnTheParetoFront) {
    const Outcome front =
        run({"pareto", "demo"}, {"--calibration", calibration, "--methods", "whitened,slim",
                                 "--allocations", "uniform,water-filling,energy", "--budgets",
                                 "0.7", "--ridge", "0.01", "--out", path("front.csv")});
    ASSERT_EQ(front.exitCode, 0) << front.err;
    std::map<std::string, Json> points;
    const Json document = front.json();
    for (const Json& point : document.at("points"))
        points[point["method"].get<std::string>() + " " + point["allocation"].get<std::string>()] =
            point;
    EXPECT_EQ(points.size(), 5U);
    EXPECT_TRUE(points.at("slim water-filling")["on_front"].get<bool>());
    EXPECT_FALSE(points.at("whitened water-filling")["on_front"].get<bool>());
    EXPECT_LT(points.at("slim water-filling")["loss"].get<double>(),
              points.at("slim uniform")["loss"].get<double>());
    ASSERT_EQ(document.at("skipped").size(), 1U);
    EXPECT_THAT(document.at("skipped")[0].get<std::string>(), HasSubstr("slim, energy"));
}

}  // namespace
}  // namespace rankscope::cli_test
