// SPDX-License-Identifier: Apache-2.0
#include "core/report/figure_request.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"

namespace rankscope::report {
namespace {

const std::string qName = "encoder.block.0.layer.0.SelfAttention.q.weight";

FigureRequest throughJson(const FigureRequest& request) {
    return figureRequestFromJson(Json::parse(toJson(request).dump()), "the request");
}

/// The request with this figure, after a round trip that changes nothing in the document.
FigureRequest roundTrip(Figure figure) {
    const FigureRequest request{.out = "folder/x.pdf",
                                .title = "A title",
                                .size = {.widthMm = 90, .heightMm = 50, .dpi = 150},
                                .figure = std::move(figure)};
    FigureRequest again = throughJson(request);
    EXPECT_EQ(toJson(again), toJson(request));
    EXPECT_EQ(again.out, request.out);
    EXPECT_EQ(again.title, "A title");
    EXPECT_EQ(again.size.widthMm, 90);
    EXPECT_EQ(again.size.heightMm, 50);
    EXPECT_EQ(again.size.dpi, 150);
    EXPECT_EQ(again.figure.index(), request.figure.index());
    return again;
}

spectra::NullSpectrum bandOfTwo() {
    spectra::NullSpectrum null;
    null.repeats = 3;
    null.mean = {2, 1};
    null.low = {1.5, 0.5};
    null.high = {2.5, 1.5};
    null.largest = 2.5;
    return null;
}

TEST(FigureRequest, OfSpectraComesBackAsItWas) {
    SpectraFigure figure{.plots = SpectraPlots::Both,
                         .spectra = {{"w", 2, 3, {2, 1}}, {"v", 2, 2, {4, 3}}},
                         .rank = 1,
                         .axes = {.logRank = true, .logValue = false, .normalise = true}};
    figure.overlays = {.powerLaw = true, .nullBand = true, .nulls = {{"v", bandOfTwo()}}};
    const FigureRequest request = roundTrip(figure);
    const auto& again = std::get<SpectraFigure>(request.figure);
    EXPECT_EQ(again.plots, SpectraPlots::Both);
    ASSERT_EQ(again.spectra.size(), 2U);
    EXPECT_EQ(again.spectra[0].name(), "w");
    EXPECT_EQ(again.spectra[0].columns(), 3);
    EXPECT_EQ(again.spectra[1].singularValues(), (std::vector<double>{4, 3}));
    EXPECT_EQ(again.rank, 1);
    EXPECT_TRUE(again.axes.logRank);
    EXPECT_FALSE(again.axes.logValue);
    EXPECT_TRUE(again.axes.normalise);
    EXPECT_TRUE(again.overlays.powerLaw);
    EXPECT_TRUE(again.overlays.nullBand);
    ASSERT_EQ(again.overlays.nulls.size(), 1U);
    EXPECT_EQ(again.overlays.nulls.at("v").high, bandOfTwo().high);
}

TEST(FigureRequest, OfOneMatrixIsOnPlainAxesUnlessTold) {
    const SpectraFigure plain{
        .plots = SpectraPlots::OneMatrix, .spectra = {{"w", 2, 3, {2, 1}}}, .axes = plainAxes};
    const Json document = toJson({.figure = plain});
    EXPECT_EQ(document["figure"], "seed");
    EXPECT_FALSE(document.contains("log_value"));
    EXPECT_FALSE(std::get<SpectraFigure>(roundTrip(plain).figure).axes.logValue);
    SpectraFigure logarithmic = plain;
    logarithmic.axes.logValue = true;
    EXPECT_TRUE(std::get<SpectraFigure>(roundTrip(logarithmic).figure).axes.logValue);
}

TEST(FigureRequest, OfAHeatMapComesBackAsItWas) {
    const HeatMapFigure figure{
        .metric = "relative-error", .spectra = {{qName, 2, 2, {4, 3}}}, .rank = 1};
    const FigureRequest request = roundTrip(figure);
    const auto& again = std::get<HeatMapFigure>(request.figure);
    EXPECT_EQ(again.metric, "relative-error");
    EXPECT_EQ(again.rank, 1);
    const HeatMap map = heatMapOf(again);
    ASSERT_EQ(map.cells.size(), 1U);
    EXPECT_DOUBLE_EQ(map.cells[0].value, 0.6);  // 3 / 5
    HeatMap shown;
    shown.title = "the window's";
    EXPECT_EQ(heatMapOf({.map = shown}).title, "the window's");
}

TEST(FigureRequest, OfMethodCurvesComesBackAsItWas) {
    const method::MethodCurve curve{"w", "randomized", {0, 4}, {1, 0.25}, {}, {0.0, std::nullopt}};
    const FigureRequest request = roundTrip(MethodCurvesFigure{.curves = {curve}, .rank = 4});
    const auto& again = std::get<MethodCurvesFigure>(request.figure);
    ASSERT_EQ(again.curves.size(), 1U);
    EXPECT_EQ(again.curves[0].method, "randomized");
    EXPECT_EQ(again.curves[0].excessError, curve.excessError);
    EXPECT_EQ(again.rank, 4);
    EXPECT_FALSE(again.axes.logValue);
}

TEST(FigureRequest, OfAFrontComesBackAsItWas) {
    search::ParetoFront front;
    front.denseParameters = 100;
    front.denseLoss = 1.5;
    front.dialogues = 40;
    search::ParetoPoint point;
    point.method = "svd";
    point.allocation = "uniform";
    point.budget = 0.5;
    point.parameters = 50;
    point.loss = 2;
    point.onFront = true;
    front.points = {point};
    const FigureRequest request = roundTrip(ParetoFigure{front});
    const auto& again = std::get<ParetoFigure>(request.figure).front;
    EXPECT_EQ(again.denseLoss, 1.5);
    EXPECT_EQ(again.dialogues, 40);
    ASSERT_EQ(again.points.size(), 1U);
    EXPECT_EQ(again.points[0].method, "svd");
    EXPECT_EQ(again.points[0].parameters, 50);
}

TEST(FigureRequest, OfAComparisonComesBackAsItWas) {
    spectra::MatrixComparison matrix;
    matrix.name = "w";
    matrix.a = spectra::Spectrum("w", 4, 3, {4, 2, 1});
    matrix.b = spectra::Spectrum("w", 4, 3, {4, 0, 0});
    matrix.difference = spectra::Spectrum("w", 4, 3, {2, 1, 0});
    matrix.leftCosines = matrix.rightCosines = {1, 0.5};
    const FigureRequest request =
        roundTrip(ComparisonFigure{.matrices = {matrix}, .axes = plainAxes});
    const auto& again = std::get<ComparisonFigure>(request.figure);
    ASSERT_EQ(again.matrices.size(), 1U);
    EXPECT_EQ(again.matrices[0].name, "w");
    EXPECT_EQ(again.matrices[0].difference.singularValues(), (std::vector<double>{2, 1, 0}));
    EXPECT_FALSE(again.axes.logValue);
}

FigureRequest parsedRequest(const std::string& text) {
    return figureRequestFromJson(parseJson(text, "request"), "request");
}

TEST(FigureRequest, IsReadFieldByField) {
    const FigureRequest request = parsedRequest(
        R"({"figure":"seed","out":"x.pdf","width_mm":90,"height_mm":50,
        "dpi":150,"title":"T","rank":1,
        "spectra":[{"name":"w","shape":[2,3],"singular_values":[2,1]}]})");
    const auto& figure = std::get<SpectraFigure>(request.figure);
    EXPECT_EQ(figure.plots, SpectraPlots::OneMatrix);
    EXPECT_EQ(request.out, "x.pdf");
    EXPECT_EQ(request.title, "T");
    EXPECT_EQ(request.size.widthMm, 90);
    EXPECT_EQ(request.size.dpi, 150);
    EXPECT_EQ(figure.rank, 1);
    EXPECT_FALSE(figure.axes.logValue);
    ASSERT_EQ(figure.spectra.size(), 1U);
}

TEST(FigureRequest, ThatIsWrongIsRefused) {
    for (
        const char* wrong :
        {"[]", "{}", R"({"figure":"pie","out":"x.png","spectra":[]})",
         R"({"figure":"error","out":"x.png","spectra":[]})",
         R"({"figure":"error","out":7,"spectra":[{"name":"w","shape":[1,1],"singular_values":[1]}]})",
         R"({"figure":"error","out":"x.png","rank":0,"spectra":[{"name":"w","shape":[1,1],"singular_values":[1]}]})",
         R"({"figure":"error","out":"x.png","dpi":"high","spectra":[{"name":"w","shape":[1,1],"singular_values":[1]}]})",
         R"({"figure":"error","out":"x.png","spectra":[{"name":"w","shape":[1,1]}]})",
         R"({"figure":"heat-map","out":"x.png","spectra":[{"name":"w","shape":[1,1],"singular_values":[1]}]})",
         R"({"figure":"heat-map","metric":"colour","out":"x.png","spectra":[{"name":"w","shape":[1,1],"singular_values":[1]}]})",
         R"({"figure":"race","out":"x.png"})", R"({"figure":"race","out":"x.png","race":[]})",
         R"({"figure":"compare","out":"x.png"})"}) {
        try {
            parsedRequest(wrong);
            ADD_FAILURE() << wrong;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage) << wrong;
        }
    }
}

TEST(FigureRequest, AnErrorNamesThePlace) {
    try {
        parsedRequest(R"({"figure":"error","out":"x.png","spectra":[
            {"name":"w","shape":[1,1],"singular_values":[1]},
            {"name":"w","shape":[2,2],"singular_values":[1,"a"]}]})");
        FAIL();
    } catch (const Error& error) {
        EXPECT_TRUE(std::string(error.what())
                        .starts_with("request.spectra[1].singular_values[1] is not a number. "))
            << error.what();
    }
}

}  // namespace
}  // namespace rankscope::report
