// SPDX-License-Identifier: Apache-2.0
#include "core/report/analysis_tables.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace rankscope::report {
namespace {

spectra::NullSpectrum readNull(const Json& json) {
    return nullFromJson(JsonReader(json, "The null", "Write it again."));
}

spectra::AlphaBootstrap readBootstrap(const Json& json) {
    return alphaBootstrapFromJson(JsonReader(json, "The bootstrap", "Write it again."));
}

SpectrumAnalysis fitted() {
    SpectrumAnalysis analysis;
    spectra::PowerLawFit fit;
    fit.failed = false;
    fit.alpha = 2.5;
    fit.standardError = 0.5;
    fit.xMin = 0.25;
    fit.ksDistance = 0.125;
    fit.tail = 9;
    fit.scan = {{0.25, 2.5, 0.125, 9}, {0.5, 3, 0.25, 4}};
    analysis.powerLaw = fit;
    spectra::NullSpectrum null;
    null.repeats = 3;
    null.mean = {3};
    null.low = {2.5};
    null.high = {3.5};
    null.largest = 4;
    null.above = 1;
    analysis.null = null;
    return analysis;
}

TEST(AnalysisTables, AddTheirFieldsToASpectrum) {
    Json spectrum = {{"name", "w"}};
    addAnalysis(spectrum, {});
    EXPECT_EQ(spectrum.size(), 1U);
    addAnalysis(spectrum, fitted());
    EXPECT_EQ(spectrum["power_law"]["alpha"], 2.5);
    EXPECT_EQ(spectrum["power_law"]["failed"], false);
    EXPECT_EQ(spectrum["power_law"]["scan"]["x_min"], (Json{0.25, 0.5}));
    EXPECT_EQ(spectrum["power_law"]["scan"]["tail"], (Json{9, 4}));
    EXPECT_EQ(spectrum["null"]["high"], Json::array({3.5}));
    EXPECT_EQ(spectrum["null"]["above"], 1);
}

TEST(AnalysisTables, AFailedFitHasAReasonAndNoNumbers) {
    spectra::PowerLawFit failed;
    failed.reason = "All values are equal.";
    const Json json = toJson(failed);
    EXPECT_EQ(json["failed"], true);
    EXPECT_EQ(json["reason"], "All values are equal.");
    for (const char* field : {"alpha", "standard_error", "x_min", "ks_distance"})
        EXPECT_TRUE(json[field].is_null()) << field;
}

TEST(AnalysisTables, NullsRoundTrip) {
    const spectra::NullSpectrum null = *fitted().null;
    Json json = toJson(null);
    const spectra::NullSpectrum again = readNull(Json::parse(json.dump()));
    EXPECT_EQ(again.repeats, null.repeats);
    EXPECT_EQ(again.low, null.low);
    EXPECT_EQ(again.high, null.high);
    EXPECT_EQ(again.largest, null.largest);
    json["high"] = {1, 2};
    EXPECT_THROW(readNull(json), Error);
    EXPECT_THROW(readNull(Json::object()), Error);
}

TEST(AnalysisTables, BootstrapsRoundTripAndHaveTheirColumns) {
    SpectrumAnalysis analysis = fitted();
    analysis.null.reset();
    analysis.powerLaw->bootstrap = spectra::AlphaBootstrap{40, 3, 39, false, 0.5, 2.25, 3.5};
    const Json json = toJson(*analysis.powerLaw)["bootstrap"];
    EXPECT_EQ(json["standard_deviation"], 0.5);
    const spectra::AlphaBootstrap again = readBootstrap(Json::parse(json.dump()));
    EXPECT_EQ(again.resamples, 40);
    EXPECT_EQ(again.seed, 3U);
    EXPECT_EQ(again.fitted, 39);
    EXPECT_FALSE(again.failed);
    EXPECT_EQ(again.high, 3.5);
    const std::vector<spectra::Spectrum> spectra = {{"w", 1, 2, {4}}};
    const auto endsWith = [&](const char* end) {
        return spectraCsv(spectra, std::vector{analysis}).ends_with(end);
    };
    EXPECT_TRUE(
        endsWith("power_law_bootstrap_low,power_law_bootstrap_high\r\n"
                 "w,1,4,1,0,2.5,0.5,0.25,0.125,9,0.5,2.25,3.5\r\n"));
    analysis.powerLaw->bootstrap->failed = true;
    EXPECT_TRUE(endsWith("\r\nw,1,4,1,0,2.5,0.5,0.25,0.125,9,,,\r\n"));
    EXPECT_TRUE(toJson(*analysis.powerLaw->bootstrap)["low"].is_null());
    EXPECT_TRUE(readBootstrap(toJson(*analysis.powerLaw->bootstrap)).failed);
    EXPECT_THROW(readBootstrap(Json::object()), Error);
}

TEST(AnalysisTables, CsvHasTheColumnsAskedFor) {
    const std::vector<spectra::Spectrum> spectra = {{"w", 1, 2, {4}}};
    const std::string start = "name,index,singular_value,energy,relative_error";
    const std::string law =
        ",power_law_alpha,power_law_standard_error,power_law_x_min,power_law_ks_distance,"
        "power_law_tail";
    std::vector<SpectrumAnalysis> analyses = {fitted()};
    EXPECT_EQ(spectraCsv(spectra, analyses),
              start + ",null_mean,null_low,null_high" + law +
                  "\r\nw,1,4,1,0,3,2.5,3.5,2.5,0.5,0.25,0.125,9\r\n");
    analyses[0].null.reset();
    analyses[0].powerLaw = spectra::PowerLawFit();
    EXPECT_EQ(spectraCsv(spectra, analyses), start + law + "\r\nw,1,4,1,0,,,,,\r\n");
}

}  // namespace
}  // namespace rankscope::report
