// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

/// One calibration of the demo, without gradients, for all tests of this program.
class CurveRace : public testing::Test {
 protected:
    static void SetUpTestSuite() {
        folder = new fixtures::TempFolder();
        made = runCommand({"calibrate", "demo", "--samples", "24", "--held-out", "8", "--out",
                           file("calibration.h5"), "--json"});
    }
    static void TearDownTestSuite() {
        delete folder;
        folder = nullptr;
    }
    static std::string file(const char* name) { return (*folder / name).string(); }
    static Outcome curve(std::vector<std::string> more) {
        std::vector<std::string> words = {"curve", "demo",          "--targets",
                                          q,       "--calibration", file("calibration.h5")};
        words.insert(words.end(), more.begin(), more.end());
        return runCommand(words);
    }

    static constexpr const char* q = "encoder.block.0.layer.0.SelfAttention.q.weight";
    static fixtures::TempFolder* folder;
    static Outcome made;
};
fixtures::TempFolder* CurveRace::folder = nullptr;
Outcome CurveRace::made;

TEST_F(CurveRace, AddsEveryMethodThatTheFileAllowsAndNamesTheOthers) {
    ASSERT_EQ(made.exitCode, 0) << made.err;
    const Outcome run = curve({"--ranks", "0:1000:8", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("fisher and fisher2 need gradients"));
    EXPECT_THAT(run.err, HasSubstr("calibration.h5"));
    const Json result = run.json();
    EXPECT_EQ(result["curves"].size(), 1U);
    EXPECT_EQ(result["calibration"]["samples"], 24);
    EXPECT_EQ(result["calibration"]["held_out"], 8);
    std::map<std::string, Json> of;
    for (const Json& entry : result["race"]) of[entry["method"]] = entry;
    ASSERT_EQ(of.size(), 6U);  // svd, whitened, diagonal, anchored, compensated, randomized
    const Json& best = of.at("whitened");
    for (const auto& [method, entry] : of) {
        EXPECT_EQ(entry["name"], q);
        EXPECT_NEAR(entry["activation_error"][0].get<double>(), 1, 1e-9);
        EXPECT_NEAR(entry["held_out_error"][0].get<double>(), 1, 1e-9);
        EXPECT_EQ(entry["excess_error"].is_null(), method != "randomized");
        if (entry["ranks"] != best["ranks"]) continue;
        for (std::size_t i = 0; i < best["ranks"].size(); ++i)
            EXPECT_GE(entry["activation_error"][i].get<double>(),
                      best["activation_error"][i].get<double>() - 1e-6)
                << method << ' ' << i;
    }
    // Not seen is worse than seen, over all ranks together.
    double seen = 0;
    double unseen = 0;
    for (std::size_t i = 0; i < best["ranks"].size(); ++i) {
        seen += best["activation_error"][i].get<double>();
        unseen += best["held_out_error"][i].get<double>();
    }
    EXPECT_LT(seen, unseen);
}

TEST_F(CurveRace, WritesTablesAndTheFigureOfOneMatrix) {
    const std::vector<std::string> few = {"--methods", "svd,whitened,randomized", "--ranks",
                                          "0:1000:16"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), few.begin(), few.end());
        return curve(more);
    };
    const Outcome text = with({"--out", file("race.csv")});
    ASSERT_EQ(text.exitCode, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr("whitened  randomized (preview)"));
    EXPECT_THAT(text.out, HasSubstr("8 held-out dialogues"));
    const std::string csv = fixtures::readFile(file("race.csv"));
    EXPECT_TRUE(csv.starts_with("name,method,rank,activation_error,held_out_error,excess_error"));
    EXPECT_THAT(csv, HasSubstr(std::string(q) + ",whitened,16,0."));
    if (!RANKSCOPE_HAS_WINDOW) return;
    const Outcome figure = with({"--out", file("race.svg")});
    ASSERT_EQ(figure.exitCode, 0) << figure.err;
    EXPECT_THAT(fixtures::readFile(file("race.svg")), HasSubstr("held-out dialogues"));
    const Outcome many = runCommand({"curve", "demo", "--targets", "q", "--calibration",
                                     file("calibration.h5"), "--out", file("many.png")});
    EXPECT_EQ(many.exitCode, 2);
    EXPECT_THAT(many.err, HasSubstr("shows one matrix"));
}

TEST_F(CurveRace, WithoutHeldOutDialoguesThatIsNull) {
    const std::string plain = file("plain.h5");
    ASSERT_EQ(runCommand({"calibrate", "demo", "--samples", "4", "--held-out", "0", "--out", plain})
                  .exitCode,
              0);
    const Outcome run = runCommand(
        {"curve", "demo", "--targets", q, "--calibration", plain, "--methods", "svd", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_TRUE(run.json()["race"][0]["held_out_error"].is_null());
}

TEST_F(CurveRace, WithoutACalibrationNothingChangesAndItsOptionsAreRefused) {
    const Outcome run = runCommand({"curve", "demo", "--targets", q, "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.json().size(), 1U);
    EXPECT_EQ(runCommand({"curve", "demo", "--targets", q, "--methods", "svd"}).exitCode, 2);
    EXPECT_EQ(curve({"--methods", "magic"}).exitCode, 2);
    const Outcome fisher = curve({"--methods", "fisher"});
    EXPECT_EQ(fisher.exitCode, 2);
    EXPECT_THAT(fisher.err, HasSubstr("--fisher"));
}

}  // namespace
}  // namespace rankscope::cli_test
