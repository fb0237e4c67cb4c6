// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;

Outcome succeed(const std::vector<std::string>& words) {
    Outcome outcome = runCommand(words);
    EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
    return outcome;
}

TEST(SpectrumAnalysis, StandsBesideEachSpectrum) {
    const fixtures::TempFolder folder;
    const std::vector<std::string> words = {"spectrum",    "demo",   "--targets", "wi_0",
                                            "--power-law", "--null", "5",         "--seed",
                                            "3",           "--json", "--out",     folder / "s.csv"};
    const Json spectra = succeed(words).json()["spectra"];
    ASSERT_EQ(spectra.size(), 5U);
    for (const Json& spectrum : spectra) {
        const Json& fit = spectrum["power_law"];
        ASSERT_EQ(fit["failed"], false);
        // The fit again from the printed singular values: eigenvalues from x_min on.
        const double xMin = fit["x_min"].get<double>();
        double sum = 0;
        int tail = 0;
        for (const double value : spectrum["singular_values"].get<std::vector<double>>()) {
            if (value * value >= xMin) {
                sum += std::log(value * value / xMin);
                ++tail;
            }
        }
        EXPECT_EQ(fit["tail"], tail);
        EXPECT_NEAR(fit["alpha"].get<double>(), 1 + tail / sum, 1e-9);
        const auto distances = fit["scan"]["ks_distance"].get<std::vector<double>>();
        EXPECT_EQ(distances.size(), 96U - 9U);
        EXPECT_EQ(fit["ks_distance"], *std::min_element(distances.begin(), distances.end()));
        const Json& null = spectrum["null"];
        EXPECT_EQ(null["repeats"], 5);
        EXPECT_EQ(null["mean"].size(), 96U);
        EXPECT_GT(null["above"], 0);  // the demo is trained
        EXPECT_GT(spectrum["spectral_norm"], null["largest"]);
    }
    EXPECT_EQ(succeed(words).json()["spectra"], spectra);
    EXPECT_THAT(fixtures::readFile(folder / "s.csv"),
                HasSubstr("relative_error,null_mean,null_low,null_high,power_law_alpha,"));
    const std::string text = succeed({"spectrum", "demo", "--targets", "q", "--power-law"}).out;
    EXPECT_THAT(text, HasSubstr("alpha"));
    EXPECT_THAT(text, testing::Not(HasSubstr("above null")));
}

TEST(SpectrumAnalysis, AlphaIsBootstrappedWhereItIsAskedFor) {
    const std::vector<std::string> words = {"spectrum", "demo",        "--targets",
                                            "wi_0",     "--power-law", "--alpha-bootstrap",
                                            "30",       "--seed",      "4"};
    std::vector<std::string> asJson = words;
    asJson.push_back("--json");
    const Json spectra = succeed(asJson).json()["spectra"];
    for (const Json& spectrum : spectra) {
        const Json& bootstrap = spectrum["power_law"]["bootstrap"];
        EXPECT_EQ(bootstrap["resamples"], 30);
        EXPECT_EQ(bootstrap["seed"], 4);
        EXPECT_EQ(bootstrap["failed"], false);
        EXPECT_GT(bootstrap["standard_deviation"], 0);
        EXPECT_LT(bootstrap["low"], bootstrap["high"]);
    }
    EXPECT_EQ(succeed(asJson).json()["spectra"], spectra);
    EXPECT_THAT(succeed(words).out, HasSubstr("95 % of alpha"));
    EXPECT_EQ(runCommand({"spectrum", "demo", "--alpha-bootstrap", "30"}).exitCode, 2);
}

TEST(SpectrumAnalysis, AFitThatFailedIsNoFailureOfTheCommand) {
    const fixtures::TempFolder folder;
    const std::string model =
        fixtures::writeTinyT5(folder / "tiny", {.dModel = 8, .dFf = 16, .heads = 1});
    const Json spectra =
        succeed({"spectrum", model, "--targets", "q", "--power-law", "--json"}).json()["spectra"];
    for (const Json& spectrum : spectra) {
        EXPECT_EQ(spectrum["power_law"]["failed"], true);
        EXPECT_THAT(spectrum["power_law"]["reason"], HasSubstr("8 of the 10 needed"));
        EXPECT_FALSE(spectrum.contains("null"));
    }
    EXPECT_EQ(runCommand({"spectrum", model, "--null", "0"}).exitCode, 2);
}

TEST(SpectrumAnalysis, IsDrawnInTheFigure) {
    if (!RANKSCOPE_HAS_WINDOW) GTEST_SKIP() << "built without the window";
    const fixtures::TempFolder folder;
    succeed({"spectrum", "demo", "--targets", "encoder.block.0.*.q.weight", "--power-law", "--null",
             "5", "--out", folder / "s.svg"});
    const std::string svg = fixtures::readFile(folder / "s.svg");
    EXPECT_THAT(svg, HasSubstr("α = "));
    EXPECT_THAT(svg, HasSubstr("95 % null band (5 ×)"));
}

TEST(HeatMapFigure, IsDrawnInEveryFormat) {
    if (!RANKSCOPE_HAS_WINDOW) GTEST_SKIP() << "built without the window";
    const fixtures::TempFolder folder;
    succeed({"spectrum", "demo", "--heat-map", "effective-rank", "--out", folder / "h.svg"});
    const std::string svg = fixtures::readFile(folder / "h.svg");
    for (const char* words : {"effective rank (of 96)", "encoder 2", "decoder 1", "cross", "wi_1"})
        EXPECT_THAT(svg, HasSubstr(words));
    succeed({"spectrum", "demo", "--heat-map", "relative-error", "--rank", "24", "--out",
             folder / "h.png"});
    EXPECT_EQ(fixtures::readFile(folder / "h.png").substr(1, 3), "PNG");
    succeed({"spectrum", "demo", "--heat-map", "alpha", "--out", folder / "h.pdf"});
    EXPECT_THAT(fixtures::readFile(folder / "h.pdf"), testing::StartsWith("%PDF"));
}

TEST(Figures, AFailureOfTheDrawingProgramIsOneSentence) {
    if (!RANKSCOPE_HAS_WINDOW) GTEST_SKIP() << "built without the window";
    const fixtures::TempFolder folder;
    const Outcome run = runCommand({"spectrum", "demo", "--targets", "encoder.block.0.*.q.weight",
                                    "--no-cache", "--quiet", "--out", folder / "s.png"},
                                   {.limits = "ulimit -f 8; trap '' XFSZ"});
    EXPECT_EQ(run.exitCode, 1) << run.err;
    EXPECT_THAT(run.err, HasSubstr("s.png: the figure could not be drawn: "));
    EXPECT_THAT(run.err, Not(HasSubstr("u000a")));
    EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(folder / ".")));
}

TEST(HeatMapFigure, WrongRequestsExitWithTwo) {
    const fixtures::TempFolder folder;
    const std::string figure = folder / "h.png";
    const std::vector<std::vector<std::string>> requests = {
        {"--heat-map", "colour", "--out", figure},
        {"--heat-map", "alpha"},
        {"--heat-map", "alpha", "--out", folder / "h.csv"},
        {"--heat-map", "relative-error", "--out", figure},
        {"--heat-map", "alpha", "--rank", "4", "--out", figure},
        {"--rank", "4"}};
    for (std::vector<std::string> words : requests) {
        words.insert(words.begin(), {"spectrum", "demo"});
        const Outcome run = runCommand(words);
        EXPECT_EQ(run.exitCode, 2) << testing::PrintToString(words) << run.err;
    }
}

TEST(CompareCommand, ACompressedFolderDiffersByThePlansError) {
    const fixtures::TempFolder folder;
    // A plan by rank knows its errors only from spectra that are there already.
    succeed({"spectrum", "demo", "--targets", "ffn", "--quiet"});
    for (const std::string storage : {"factored", "pivoted"}) {
        const std::string target = folder / storage;
        const Json plan = succeed({"plan", "demo", "--targets", "ffn", "--rank", "24", "--storage",
                                   storage, "--json"})
                              .json();
        succeed({"compress", "demo", "--targets", "ffn", "--rank", "24", "--storage", storage,
                 "--out", target, "--quiet"});
        const Json found =
            succeed({"compare", "demo", target, "--json", "--out", folder / "c.csv"}).json();
        EXPECT_TRUE(found["skipped"].empty());
        EXPECT_EQ(found["matrices"].size(), 43U);
        std::size_t compressed = 0;
        for (const Json& matrix : found["matrices"]) {
            const auto entry =
                std::find_if(plan["entries"].begin(), plan["entries"].end(),
                             [&](const Json& one) { return one["name"] == matrix["name"]; });
            if (entry == plan["entries"].end()) {
                EXPECT_EQ(matrix["relative_difference"], 0.0) << matrix["name"];
                EXPECT_GT(matrix["left_cosines"].back(), 1 - 1e-9);
                continue;
            }
            ++compressed;
            EXPECT_NEAR(matrix["relative_difference"].get<double>(),
                        (*entry)["relative_error"].get<double>(), 1e-6);
            // W - W' holds what was cut: rank 96 - 24; the leading vectors stay.
            EXPECT_EQ(matrix["difference_ranks"]["numerical"], 72) << matrix["name"];
            EXPECT_GT(matrix["left_cosines"].back(), 1 - 1e-6) << matrix["name"];
            EXPECT_GT(matrix["right_cosines"].back(), 1 - 1e-6) << matrix["name"];
            EXPECT_EQ(matrix["singular_values"]["b"].size(), 96U);
        }
        EXPECT_EQ(compressed, plan["entries"].size());
        EXPECT_THAT(fixtures::readFile(folder / "c.csv"),
                    testing::StartsWith("name,rows,columns,relative_difference,rank_90,"));
    }
}

TEST(CompareCommand, DrawsTheSpectraOfBothAndOfTheDifference) {
    if (!RANKSCOPE_HAS_WINDOW) GTEST_SKIP() << "built without the window";
    const fixtures::TempFolder folder;
    const std::string a = fixtures::writeTinyT5(folder / "a");
    const std::string b = fixtures::writeTinyT5(folder / "b", {.seed = 2});
    const Outcome run = runCommand({"compare", a, b, "--out", folder / "c.svg"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("the first 6 of 36 matrices"));
    const std::string svg = fixtures::readFile(folder / "c.svg");
    for (const char* words : {"encoder 0 SelfAttention.q", "A − B", "singular value"})
        EXPECT_THAT(svg, HasSubstr(words));
    succeed(
        {"compare", a, b, "--targets", "encoder.block.0.*.q.weight", "--out", folder / "c.png"});
    EXPECT_EQ(fixtures::readFile(folder / "c.png").substr(1, 3), "PNG");
    succeed({"compare", a, a, "--targets", "wo", "--out", folder / "c.pdf"});  // A - B is 0
    EXPECT_THAT(fixtures::readFile(folder / "c.pdf"), testing::StartsWith("%PDF"));
}

TEST(CompareCommand, NamesWhatItLeavesOutAndComparesTheRest) {
    const fixtures::TempFolder folder;
    const std::string a = fixtures::writeTinyT5(folder / "a");
    const std::string b = fixtures::writeTinyT5(folder / "b", {.dFf = 48});
    const Json found = succeed({"compare", a, b, "--json"}).json();
    EXPECT_EQ(found["matrices"].size(), 24U);
    ASSERT_EQ(found["skipped"].size(), 12U);
    EXPECT_THAT(found["skipped"][0]["reason"], HasSubstr("[64, 32] and [48, 32]"));
    const std::string text = succeed({"compare", a, b, "--targets", "q,wo"}).out;
    EXPECT_THAT(text, HasSubstr("not compared: encoder.block.0.layer.1.DenseReluDense.wo.weight"));
    const Outcome nothing = runCommand({"compare", a, b, "--targets", "wo"});
    EXPECT_EQ(nothing.exitCode, 1);
    EXPECT_THAT(nothing.err, HasSubstr("no chosen matrix in common"));
    EXPECT_EQ(runCommand({"compare", a}).exitCode, 2);
    EXPECT_EQ(runCommand({"compare", a, b, "--out", "c.xyz"}).exitCode, 2);
    EXPECT_EQ(runCommand({"compare", a, b, "--directions", "0"}).exitCode, 2);
    EXPECT_EQ(runCommand({"compare", a, folder / "nowhere"}).exitCode, 1);
}

}  // namespace
}  // namespace rankscope::cli_test
