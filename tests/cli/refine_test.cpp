// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

class RefineCommand : public testing::Test {
 protected:
    static void SetUpTestSuite() {
        folder = std::make_unique<fixtures::TempFolder>();
        for (const auto& [name, heldOut] : {std::pair{"c.h5", "12"}, std::pair{"none.h5", "0"}}) {
            const Outcome made =
                runCommand({"calibrate", "demo", "--data", DEMO_FOLDER "/calibration.json",
                            "--samples", "24", "--held-out", heldOut, "--out", path(name)});
            ASSERT_EQ(made.exitCode, 0) << made.err;
        }
        Json rows = Json::parse(fixtures::readFile(DEMO_FOLDER "/test.json"));
        rows.erase(rows.begin() + 20, rows.end());
        fixtures::writeFile(path("talk.json"), rows.dump());
    }
    static void TearDownTestSuite() { folder.reset(); }

    static std::string path(const std::string& name) { return (*folder / name).string(); }
    static Words with(Words words, const Words& more) {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    static double loss(const Words& subject) {
        const Outcome run = runCommand(with(
            with({"evaluate"}, subject),
            {"--data", path("talk.json"), "--metrics", "loss", "--no-cache", "--json", "--quiet"}));
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return run.json()["runs"].back()["loss"]["token_mean"].get<double>();
    }

    static inline std::unique_ptr<fixtures::TempFolder> folder;
};

TEST_F(RefineCommand, ASavedFolderIsTheModelOfThePlan) {
    for (const Words& how :
         {Words{"--method", "slim", "--storage", "sizes", "--allocation", "uniform"},
          Words{"--method", "svd", "--storage", "pivoted", "--allocation", "uniform"}}) {
        const Words ranks = with(how, {"--budget", "0.6", "--ridge", "0.1", "--calibration",
                                       path("c.h5"), "--refine", "--refine-passes", "2"});
        const std::string plan = path(how[1] + ".json"), saved = path(how[1]);
        const Outcome planned = runCommand(with({"plan", "demo", "--out", plan}, ranks));
        ASSERT_EQ(planned.exitCode, 0) << planned.err;
        EXPECT_THAT(planned.out, HasSubstr(how[1] + ", refined"));
        const Json settings = Json::parse(fixtures::readFile(plan))["settings"];
        EXPECT_EQ(settings["refine"], true);
        EXPECT_EQ(settings["refine_passes"], 2);

        const Outcome made =
            runCommand(with({"compress", "demo", "--json", "--out", saved}, ranks));
        ASSERT_EQ(made.exitCode, 0) << made.err;
        EXPECT_EQ(made.json()["verified"], true);
        EXPECT_EQ(made.json()["refined"], true);
        double before = 0, after = 0;
        const Json blocks = made.json()["refinement"];
        for (const Json& block : blocks) {
            before += block["held_out_before"].get<double>();
            after += block["held_out_after"].get<double>();
        }
        EXPECT_LT(after, before);

        const double inMemory = loss({"demo", "--plan", plan});
        EXPECT_NEAR(loss({saved}), inMemory, 1e-4);
        // The same plan without it.
        Json document = Json::parse(fixtures::readFile(plan));
        document["settings"]["refine"] = false;
        fixtures::writeFile(path("other.json"), document.dump());
        EXPECT_GT(loss({"demo", "--plan", path("other.json")}), inMemory + 0.02);
        // And asked for again beside the file.
        const Outcome again =
            runCommand({"compress", "demo", "--plan", path("other.json"), "--refine",
                        "--refine-passes", "2", "--force", "--out", saved, "--quiet"});
        ASSERT_EQ(again.exitCode, 0) << again.err;
        EXPECT_THAT(again.out, HasSubstr("held-out error before"));
        EXPECT_NEAR(loss({saved}), inMemory, 1e-4);
    }
}

TEST_F(RefineCommand, SearchesMeasureWithoutIt) {
    const Words search = {"plan",          "demo",       "--budget",     "0.7",
                          "--method",      "slim",       "--allocation", "uniform",
                          "--calibration", path("c.h5"), "--json",       "--quiet"};
    const Outcome plain = runCommand(search), refined = runCommand(with(search, {"--refine"}));
    ASSERT_EQ(plain.exitCode, 0) << plain.err;
    ASSERT_EQ(refined.exitCode, 0) << refined.err;
    EXPECT_EQ(plain.json()["tried"].size(), 4U);  // ridges
    EXPECT_EQ(refined.json()["tried"], plain.json()["tried"]);
    EXPECT_EQ(refined.json()["settings"]["refine"], true);
    EXPECT_EQ(plain.json()["settings"]["refine"], false);
}

TEST_F(RefineCommand, SaysWhatIsMissing) {
    const Words ranks = {"plan", "demo", "--rank", "20", "--method", "svd"};
    const Outcome plain = runCommand(ranks);
    EXPECT_THAT(plain.out, Not(HasSubstr("refined")));
    const Outcome without = runCommand(with(ranks, {"--refine"}));
    EXPECT_EQ(without.exitCode, 2);
    EXPECT_THAT(without.err, HasSubstr("calibrat"));
    const Outcome none = runCommand(with(ranks, {"--refine", "--calibration", path("none.h5")}));
    EXPECT_EQ(none.exitCode, 2);
    EXPECT_THAT(none.err, HasSubstr("run `calibrate` with --held-out"));
    const Outcome alone = runCommand(with(ranks, {"--refine-passes", "3"}));
    EXPECT_EQ(alone.exitCode, 2);
    EXPECT_THAT(alone.err, HasSubstr("--refine"));
}

}  // namespace
}  // namespace rankscope::cli_test
