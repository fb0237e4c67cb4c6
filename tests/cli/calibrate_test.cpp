// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

/// One calibration of the demo for all tests of this program.
class Calibrate : public testing::Test {
 protected:
    static void SetUpTestSuite() {
        folder = new fixtures::TempFolder();
        made = runCommand({"calibrate", "demo", "--samples", "24", "--held-out", "8", "--fisher",
                           "--out", file(), "--json"});
    }
    static void TearDownTestSuite() {
        delete folder;
        folder = nullptr;
    }
    static std::string file() { return (*folder / "calibration.h5").string(); }

    static fixtures::TempFolder* folder;
    static Outcome made;
};
fixtures::TempFolder* Calibrate::folder = nullptr;
Outcome Calibrate::made;

// Encoder of 3 blocks with 4 inputs each, decoder of 2 with 6 but one, the encoder's output for all
// cross keys and values, and the head's.
TEST_F(Calibrate, ListsEveryDistinctInputOnce) {
    ASSERT_EQ(made.exitCode, 0) << made.err;
    const Json result = made.json();
    EXPECT_EQ(result["inputs"].size(), 3U * 4 + 2U * 6 + 1 + 1);
    EXPECT_EQ(result["samples"], 24);
    EXPECT_EQ(result["held_out"], 8);
    std::int64_t encoder = 0;
    for (const Json& input : result["inputs"])
        if (input["name"] == "encoder.block.0.layer.0.SelfAttention.q")
            encoder = input["tokens"].get<std::int64_t>();
    for (const Json& input : result["inputs"])
        if (input["name"] == "decoder.block.0.layer.1.EncDecAttention.k")
            EXPECT_EQ(input["tokens"], encoder);
    EXPECT_GT(encoder, 24 * 20);
}

// Of the head only the gradients of its inputs are kept: enough for fisher, not for fisher2.
TEST_F(Calibrate, TheHeadByGradients) {
    ASSERT_EQ(made.exitCode, 0) << made.err;
    const auto compress = [&](const char* method) {
        return runCommand({"compress", "demo", "--targets", "head", "--rank", "20", "--method",
                           method, "--ridge", "0.01", "--calibration", file(), "--out",
                           (*folder / ("head-" + std::string(method))).string(), "--json"});
    };
    const Outcome fisher = compress("fisher");
    ASSERT_EQ(fisher.exitCode, 0) << fisher.err;
    EXPECT_EQ(fisher.json()["verified"], true);
    const Outcome fisher2 = compress("fisher2");
    EXPECT_EQ(fisher2.exitCode, 2);
    EXPECT_THAT(fisher2.err, HasSubstr("those of lm_head.weight are not collected"));
    EXPECT_FALSE(std::filesystem::exists(*folder / "head-fisher2"));
}

TEST_F(Calibrate, EveryMethodCompressesAndIsVerified) {
    ASSERT_EQ(made.exitCode, 0) << made.err;
    for (const char* method : {"svd", "whitened", "diagonal", "fisher", "fisher2", "anchored",
                               "compensated", "randomized"}) {
        const Outcome run =
            runCommand({"compress", "demo", "--targets", "attention,ffn", "--ratio", "0.6",
                        "--method", method, "--ridge", "0.01", "--calibration", file(), "--out",
                        (*folder / method).string(), "--json"});
        ASSERT_EQ(run.exitCode, 0) << method << run.err;
        EXPECT_EQ(run.json()["verified"], true) << method;
        const Json layersOf = run.json()["layers"];
        for (const Json& layer : layersOf) {  // only a preview has an excess to say
            const bool preview = std::string(method) == "randomized" && layer["kept"] == false;
            ASSERT_EQ(layer.contains("excess_error"), preview) << layer.dump();
            if (preview) EXPECT_GT(layer["excess_error"].get<double>(), -1e-9);
        }
    }
    const Outcome refit = runCommand({"compress", "demo", "--targets", "attention,ffn", "--ratio",
                                      "0.6", "--refit", "--ridge", "0.1", "--calibration", file(),
                                      "--out", (*folder / "refit").string(), "--json"});
    ASSERT_EQ(refit.exitCode, 0) << refit.err;
    EXPECT_EQ(refit.json()["verified"], true);
    // The plan keeps the method and the calibration, and evaluate takes both from it.
    const std::string plan = (*folder / "plan.json").string();
    ASSERT_EQ(
        runCommand({"plan", "demo", "--targets", "attention,ffn", "--ratio", "0.6", "--method",
                    "anchored", "--ridge", "0.01", "--calibration", file(), "--out", plan})
            .exitCode,
        0);
    const Outcome evaluated =
        runCommand({"evaluate", "demo", (*folder / "anchored").string(), "--plan", plan,
                    "--metrics", "loss", "--limit", "8", "--no-cache", "--json"});
    ASSERT_EQ(evaluated.exitCode, 0) << evaluated.err;
    const Json runs = evaluated.json()["runs"];
    EXPECT_NEAR(runs[1]["loss"]["token_mean"].get<double>(),
                runs[2]["loss"]["token_mean"].get<double>(), 1e-4);
}

// The first group of the walk sees the original inputs, so there anchored without a ridge is
// whitened: the same error of W' to all printed digits.
TEST_F(Calibrate, AnchoredOnOriginalInputsIsWhitened) {
    const auto error = [&](const char* method) {
        const std::string out = (*folder / (std::string("first-") + method)).string();
        const Outcome run = runCommand({"compress", "demo", "--targets",
                                        "encoder.block.0.layer.0.SelfAttention.q.weight", "--rank",
                                        "20", "--method", method, "--ridge", "0", "--calibration",
                                        file(), "--out", out, "--force", "--json"});
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return run.json()["layers"][0]["relative_error"].get<double>();
    };
    EXPECT_NEAR(error("anchored"), error("whitened"), 1e-5);
    EXPECT_GT(std::abs(error("svd") - error("whitened")), 1e-4);
}

// Water-filling for a method that looks at data spends the budget by errors on the calibration
// inputs, so its ranks are others than those by the weights alone; uniform looks at neither.
TEST_F(Calibrate, BudgetsAreSpentByErrorsOnActivations) {
    const auto ranks = [&](const char* method, const char* allocation) {
        const Outcome run =
            runCommand({"plan", "demo", "--targets", "attention,ffn", "--budget", "0.7", "--method",
                        method, "--allocation", allocation, "--calibration", file(), "--json"});
        EXPECT_EQ(run.exitCode, 0) << run.err;
        const Json plan = run.json();
        EXPECT_LE(plan["parameters"]["stored"].get<double>(),
                  0.7 * plan["parameters"]["dense"].get<double>());
        std::vector<int> list;
        for (const Json& entry : plan["entries"]) list.push_back(entry["rank"].get<int>());
        return list;
    };
    EXPECT_NE(ranks("whitened", "water-filling"), ranks("svd", "water-filling"));
    EXPECT_EQ(ranks("whitened", "uniform"), ranks("svd", "uniform"));
}

TEST_F(Calibrate, TheRidgeIsChosenOnHeldOutDialoguesUnlessItIsGiven) {
    const std::vector<std::string> words = {
        "plan",          "demo", "--targets", "decoder.block.1.*",
        "--ratio",       "0.5",  "--method",  "anchored",
        "--calibration", file(), "--json"};
    const Outcome run = runCommand(words);
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json plan = run.json();
    std::map<double, double> losses;
    for (const Json& tried : plan["tried"]) {
        EXPECT_TRUE(tried["allocation"].is_null());
        losses[tried["ridge"].get<double>()] = tried["loss"].get<double>();
    }
    ASSERT_EQ(losses.size(), 4U);
    const double taken = plan["settings"]["ridge"].get<double>();
    for (const auto& [ridge, loss] : losses) EXPECT_LE(losses.at(taken), loss) << ridge;
    EXPECT_GT(std::abs(losses.at(1e-3) - losses.at(1)), 1e-3);

    std::vector<std::string> given = words;
    given.insert(given.end(), {"--ridge", "0.25"});
    const Json fixed = runCommand(given).json();
    EXPECT_TRUE(fixed["tried"].empty());
    EXPECT_EQ(fixed["settings"]["ridge"], 0.25);
}

TEST_F(Calibrate, WithoutHeldOutDialoguesNothingIsChosenAndThatIsSaid) {
    const std::string none = (*folder / "none-held-out.h5").string();
    ASSERT_EQ(runCommand({"calibrate", "demo", "--samples", "8", "--held-out", "0", "--out", none})
                  .exitCode,
              0);
    const std::vector<std::string> words = {"plan",          "demo", "--targets", "attention,ffn",
                                            "--budget",      "0.7",  "--method",  "anchored",
                                            "--calibration", none,   "--json"};
    const Outcome run = runCommand(words);
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.json()["allocation"], "uniform");
    EXPECT_THAT(run.err, HasSubstr("no held-out dialogues to compare allocations on"));
    EXPECT_THAT(run.err, HasSubstr("no held-out dialogues to choose the ridge on; 0.01 is taken"));
    // The search looks at the calibration dialogues alone; auto has nothing to judge by.
    const Outcome searched = runCommand({"plan", "demo", "--targets", "decoder.block.0.layer.2.*",
                                         "--budget", "0.97", "--method", "anchored", "--allocation",
                                         "sensitivity", "--calibration", none, "--json"});
    ASSERT_EQ(searched.exitCode, 0) << searched.err;
    EXPECT_EQ(searched.json()["allocation"], "sensitivity");
    const Outcome refused =
        runCommand({"pareto", "demo", "--calibration", none, "--allocations", "auto", "--data",
                    DEMO_FOLDER "/test.json", "--limit", "1", "--metrics", "loss"});
    EXPECT_EQ(refused.exitCode, 2);
    EXPECT_THAT(refused.err, HasSubstr("run `calibrate` with --held-out 1 or more"));
}

TEST_F(Calibrate, WhatDoesNotFitIsAUsageError) {
    const auto refused = [](const std::vector<std::string>& words, const char* what) {
        const Outcome run = runCommand(words);
        EXPECT_EQ(run.exitCode, 2) << run.err;
        EXPECT_THAT(run.err, HasSubstr(what));
    };
    const std::string out = (*folder / "refused.h5").string();
    refused({"calibrate", "demo", "--samples", "0", "--out", out}, "samples");
    refused({"calibrate", "demo", "--samples", "199", "--held-out", "2", "--out", out},
            "200 usable dialogues");
    EXPECT_FALSE(std::filesystem::exists(out));
    const std::filesystem::path copy = *folder / "copy";
    std::filesystem::copy(DEMO_FOLDER, copy);
    const std::string weights = fixtures::readFile(copy / "model.safetensors");
    refused({"calibrate", copy.string(), "--samples", "4", "--out",
             (copy / "model.safetensors").string()},
            ".h5");
    EXPECT_EQ(fixtures::readFile(copy / "model.safetensors"), weights);
    refused({"plan", "demo", "--targets", "all", "--rank", "8", "--method", "whitened"},
            "--calibration");
    const std::string other = fixtures::writeTinyT5(*folder / "other").string();
    refused({"plan", other, "--targets", "all", "--rank", "4", "--method", "whitened",
             "--calibration", file()},
            "another checkpoint");
    const std::string plain = (*folder / "plain.h5").string();
    ASSERT_EQ(runCommand({"calibrate", "demo", "--samples", "4", "--out", plain}).exitCode, 0);
    refused({"plan", "demo", "--targets", "all", "--rank", "8", "--method", "fisher",
             "--calibration", plain},
            "--fisher");
}

TEST_F(Calibrate, FewTokensAreWarnedOf) {
    const Outcome run = runCommand({"calibrate", "demo", "--samples", "1", "--held-out", "0",
                                    "--out", (*folder / "one.h5").string(), "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    ASSERT_EQ(run.json()["warnings"].size(), 1U);
    EXPECT_THAT(run.json()["warnings"][0].get<std::string>(), HasSubstr("fewer tokens"));
}

}  // namespace
}  // namespace rankscope::cli_test
