// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QImage>
#include <QPointer>
#include <QTest>
#include <cmath>
#include <variant>

#include "core/base/error.h"
#include "core/method/method_curves.h"
#include "core/report/figure_request.h"
#include "core/report/race_tables.h"
#include "core/workspace/calibration_file.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/dialogs/calibrate_dialog.h"
#include "ui/dialogs/compress_dialog.h"
#include "ui/main_window.h"
#include "ui/plots/figure_renderer.h"
#include "ui/plots/method_series.h"
#include "ui/plots/plot_drawing.h"

namespace rankscope::ui {
namespace {

using uitest::enter;
using uitest::entered;
using uitest::find;
using uitest::OpenSession;
using uitest::untilInterrupted;
using uitest::waitUntil;

const method::MethodCurve svd{"w", "svd", {0, 1, 2, 3}, {1, 0.5, 0.25, 0}, {1, 0.8, 0.4, 0}, {}};
const method::MethodCurve whitened{
    "w", "whitened", {0, 1, 2, 3}, {1, 0.25, 0.125, 0}, {1, 0.6, 0.5, 0}, {}};
const method::MethodCurve preview{"w",       "randomized", {1, 3},
                                  {0.55, 0}, {0.1, 0},     {0.02, std::nullopt}};
const std::vector<method::MethodCurve> all{svd, whitened, preview};

TEST(MethodSeries, HeldOutIsTheCurveAndCalibrationTheDashedLineBesideIt) {
    const PlotData data = methodCurvesData(all, {.logValue = false});
    ASSERT_EQ(data.curves.size(), 3U);
    EXPECT_EQ(data.curves[1].y, whitened.heldOutError);
    EXPECT_EQ(data.overlays[1].low, whitened.activationError);
    EXPECT_TRUE(data.overlays[1].dashed);
    EXPECT_EQ(data.overlays[1].curve, 1U);
    EXPECT_TRUE(data.curves[2].points);  // a preview is known at its ranks alone
    EXPECT_TRUE(data.curves[2].label.contains("preview"));
    EXPECT_EQ(data.largestRank, 3);
    EXPECT_LE(data.yLower, 0);
    EXPECT_GE(data.yUpper, 1);
    EXPECT_TRUE(data.yTitle.contains("‖(W − Wᵣ)X‖ / ‖WX‖"));
}

TEST(MethodSeries, WithoutHeldOutDialoguesCalibrationIsTheCurve) {
    auto seen = all;
    for (auto& curve : seen) curve.heldOutError.clear();
    const PlotData data = methodCurvesData(seen, {.logValue = false});
    EXPECT_EQ(data.curves[0].y, svd.activationError);
    ASSERT_EQ(data.overlays.size(), 1U);  // the legend says so
    EXPECT_TRUE(data.overlays[0].label.contains("calibration"));
    EXPECT_TRUE(methodCurvesReadout(seen, 2).contains("best on calibration: whitened, 0.125"));
}

TEST(MethodSeries, DividedBySvdSameDialoguesAreCompared) {
    const PlotData data = methodCurvesData(all, {.logValue = false, .normalise = true});
    EXPECT_EQ(data.curves[0].y[1], 1);
    EXPECT_EQ(data.curves[1].y[1], 0.6 / 0.8);
    EXPECT_EQ(data.overlays[1].low[1], 0.25 / 0.5);
    EXPECT_TRUE(std::isnan(data.curves[1].y[3]));  // nothing over nothing
    EXPECT_TRUE(data.yTitle.contains("svd"));
}

TEST(MethodSeries, OnALogarithmicAxisZeroIsAGap) {
    const PlotData data = methodCurvesData(all, {.logRank = true, .logValue = true});
    EXPECT_EQ(data.curves[0].x.front(), 1);
    EXPECT_TRUE(std::isnan(data.curves[0].y.back()));
    EXPECT_GT(data.yLower, 0);
    EXPECT_LT(data.yLower, 0.1);
}

TEST(MethodSeries, TheReadoutNamesTheBestButNoPreview) {
    EXPECT_EQ(methodCurvesReadout(all, 1), "r = 1   best held out: whitened, 0.6");
    EXPECT_EQ(methodCurvesReadout(all, 2), "r = 2   best held out: svd, 0.4");
    EXPECT_EQ(methodCurvesReadout({}, 2), "");
}

TEST(MethodSeries, AMethodKeepsItsColourWhoeverRuns) {
    const PlotData both = methodCurvesData(all, {});
    const PlotData alone = methodCurvesData(std::span(all).subspan(1, 1), {});
    EXPECT_EQ(penOf(both, 1).color(), penOf(alone, 0).color());
    EXPECT_NE(penOf(both, 0).color(), penOf(both, 1).color());
}

TEST(MethodCurvesFigure, IsReadFromWhatTheCommandLinePrintsAndDrawn) {
    const fixtures::TempFolder folder;
    for (const char* ending : {".png", ".svg", ".pdf"}) {
        const std::string out = (folder / (std::string("race") + ending)).string();
        Json document = {{"figure", "race"}, {"out", out}, {"rank", 2}, {"title", "w"}};
        for (const auto& curve : all) document["race"].push_back(report::toJson(curve));
        renderFigure(report::figureRequestFromJson(document, "request"));
        EXPECT_FALSE(fixtures::readFile(out).empty());
    }
    const std::string svg = fixtures::readFile(folder / "race.svg");
    for (const char* words :
         {"whitened", "randomized (preview)", "held-out dialogues", "best held out: svd, 0.4"})
        EXPECT_NE(svg.find(words), std::string::npos) << words;
}

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";
const std::string k0 = "encoder.block.0.layer.0.SelfAttention.k.weight";

/// What a child prints of the methods on this matrix.
std::string curvesScript(const std::string& matrix) {
    Json result = {{"calibration", {{"file", "c.h5"}, {"samples", 24}, {"held_out", 8}}}};
    for (method::MethodCurve curve : all) {
        curve.name = matrix;
        result["race"].push_back(report::toJson(curve));
    }
    return "printf '%s\\n' '" + Json{{"event", "done"}, {"result", result}}.dump() + "'\n";
}

class MethodCurvesWindow : public ::testing::Test {
 protected:
    void show() {
        window.show();
        open.open();
        open.session.setSelection({q0}, q0);
        window.spectraPage()->showMethods();
    }
    QString record() const { return QString::fromStdString((open.folder / "seen").string()); }
    /// The line of a child that notes its words.
    std::string note() const { return "echo \"$@\" >> '" + record().toStdString() + "'\n"; }
    void program(const std::string& body) {
        open.session.setProgram(uitest::fakeProgram(open.folder, body));
    }
    std::string calls() const { return fixtures::readFile(record().toStdString()); }
    MethodCurvesPage* panel() { return find<MethodCurvesPage>(window); }
    /// A calibration file as calibrate writes it, with no moments in it.
    QString calibrationFile(bool gradients) const {
        workspace::CalibrationContent content;
        content.record.checkpoint = "tiny";
        content.record.gradients = gradients;
        const auto path = open.folder / (gradients ? "with.h5" : "without.h5");
        workspace::writeCalibration(path, content);
        return QString::fromStdString(path.string());
    }
    OpenSession open;
    MainWindow window{&open.session};
};

TEST_F(MethodCurvesWindow, WithoutACalibrationItSaysHowToGetOne) {
    show();
    EXPECT_FALSE(panel()->figure());
    EXPECT_TRUE(find<QLabel>(panel(), "message")->text().contains("calibration"));
    EXPECT_TRUE(find<QPushButton>(panel(), "choose")->isVisible());
    QTest::mouseClick(find<QPushButton>(panel(), "calibrate"), Qt::LeftButton);
    ASSERT_TRUE(window.findChild<CalibrateDialog*>());
    EXPECT_TRUE(window.findChild<CalibrateDialog*>()->isVisible());
    window.calibrationMenu()->use("/nowhere.h5");
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("/nowhere.h5"));
    EXPECT_TRUE(open.session.calibrationFile().isEmpty());
}

TEST_F(MethodCurvesWindow, AMatrixIsAskedForOnceAndShownWithItsRankLine) {
    show();
    program(note() + curvesScript(q0));
    open.session.setCalibrationFile("/data/c.h5");
    ASSERT_TRUE(uitest::waitUntil([&] { return panel()->figure().has_value(); }));
    EXPECT_EQ(calls(), "curve " + open.session.location().toStdString() + " --targets " + q0 +
                           " --calibration /data/c.h5 --ranks 0:24:1 --events\n");
    EXPECT_EQ(find<RankPlot>(panel())->plotData().curves.size(), 3U);
    EXPECT_TRUE(find<QLabel>(panel(), "note")->text().contains("24 calibration dialogues"));
    EXPECT_TRUE(find<QLabel>(window, "calibration")->text().contains("c.h5"));
    QTest::keyClick(find<RankPlot>(panel()), Qt::Key_Home);
    EXPECT_EQ(open.session.rank(), 1);
    EXPECT_EQ(find<RankPlot>(panel())->readout(), "r = 1   best held out: whitened, 0.6");
    const auto* model = find<ResultTable>(panel())->model();
    const auto cell = [&](int row, int column) {
        return model->index(row, column).data().toString();
    };
    EXPECT_EQ(cell(0, 0), "svd");
    EXPECT_EQ(cell(0, 2), "0.8000");
    EXPECT_EQ(cell(2, 0), "randomized (preview)");
    EXPECT_EQ(cell(2, 3), "+2.00 %");
    open.session.setRank(2);  // the preview was made at 1 and 3
    EXPECT_EQ(cell(2, 0), "randomized (preview), at rank 1");
    // To another tab and back: nothing is computed again.
    window.spectraPage()->showOneMatrix();
    window.spectraPage()->showMethods();
    uitest::settle();
    EXPECT_FALSE(find<MethodCurvesResults>(panel())->job()->isRunning());
    EXPECT_EQ(std::ranges::count(calls(), '\n'), 1);
    find<QCheckBox>(panel(), "share")->click();
    EXPECT_EQ(find<RankPlot>(panel())->plotData().curves[0].y[1], 1);
}

TEST_F(MethodCurvesWindow, TheExportIsWhatIsShown) {
    show();
    program(note() + curvesScript(q0));
    open.session.setCalibrationFile("/data/c.h5");
    ASSERT_TRUE(uitest::waitUntil([&] { return panel()->figure().has_value(); }));
    find<QCheckBox>(panel(), "share")->click();
    report::FigureRequest request = window.spectraPage()->figure().value();
    const auto& figure = std::get<report::MethodCurvesFigure>(request.figure);
    EXPECT_EQ(figure.curves.size(), 3U);
    EXPECT_TRUE(figure.axes.normalise);
    request.out = open.folder / "race.png";
    renderFigure(request);
    EXPECT_FALSE(QImage(QString::fromStdString(request.out.string())).isNull());
    EXPECT_TRUE(window.spectraPage()->tables()[1].csv.starts_with("name,method,rank,activation"));
}

TEST_F(MethodCurvesWindow, AnotherMatrixStopsTheJobOfTheFirst) {
    show();
    program("case \"$4\" in *.q.weight)\n" + untilInterrupted(note()) + ";; esac\n" +
            curvesScript(k0));
    open.session.setCalibrationFile("/data/c.h5");
    ASSERT_TRUE(uitest::waitUntil([&] { return QFile::exists(record()); }));
    EXPECT_FALSE(panel()->figure());
    open.session.setSelection({k0}, k0);
    ASSERT_TRUE(uitest::waitUntil([&] { return panel()->figure().has_value(); }));
    EXPECT_TRUE(find<MethodCurvesResults>(panel())->of(k0));
    EXPECT_FALSE(find<MethodCurvesResults>(panel())->of(q0));
    EXPECT_TRUE(
        find<MethodCurvesResults>(panel())->problem(q0).isEmpty());  // it may be asked again
}

TEST_F(MethodCurvesWindow, CancelStopsAndFailuresAreSaidUntilAskedAgain) {
    show();
    program(untilInterrupted(note()));
    open.session.setCalibrationFile("/data/c.h5");
    ASSERT_TRUE(uitest::waitUntil([&] { return QFile::exists(record()); }));
    QTest::mouseClick(find<QPushButton>(panel(), "cancel"), Qt::LeftButton);
    ASSERT_TRUE(
        uitest::waitUntil([&] { return !find<MethodCurvesResults>(panel())->job()->isRunning(); }));
    EXPECT_EQ(find<QLabel>(panel(), "message")->text(), "Stopped.");
    EXPECT_TRUE(find<QPushButton>(panel(), "again")->isVisible());
    program("echo '{\"event\":\"error\",\"message\":\"c.h5 is of another model.\"}'\nexit 2\n");
    QTest::mouseClick(find<QPushButton>(panel(), "again"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil(
        [&] { return find<QLabel>(panel(), "message")->text().contains("another"); }));
    EXPECT_FALSE(panel()->figure());
    program(note() + curvesScript(q0));
    QTest::mouseClick(find<QPushButton>(panel(), "again"), Qt::LeftButton);
    EXPECT_TRUE(uitest::waitUntil([&] { return panel()->figure().has_value(); }));
    // Another calibration: what was known was of the first.
    program("exit 1\n");
    open.session.setCalibrationFile("/data/other.h5");
    EXPECT_FALSE(panel()->figure());
}

TEST_F(MethodCurvesWindow, CalibrateRunsTheChildAndItsFileIsInUse) {
    show();
    program(note() + R"SH(
echo '{"event":"progress","fraction":0.5,"label":"dialogue 64"}'
printf '{"event":"done","result":{"path":"%s","samples":64,"held_out":16,"tokens":1234,' "$4"
printf '"seconds":1.5,"warnings":["few tokens"]}}\n'
)SH");
    CalibrateDialog dialog(&open.session, &window);
    dialog.show();
    find<QLineEdit>(dialog, "file")->setText("/data/new.h5");
    find<QLineEdit>(dialog, "data")->setText("/data/talk.json");
    enter(dialog, "samples", "64");
    find<QCheckBox>(dialog, "gradients")->setChecked(true);
    window.spectraPage()->showOneMatrix();  // no comparison meanwhile
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }));
    EXPECT_EQ(calls(),
              "calibrate " + open.session.location().toStdString() +
                  " --out /data/new.h5 --data /data/talk.json --samples 64 --arithmetic auto "
                  "--fisher --events\n");
    for (const char* part : {"/data/new.h5", "64 dialogues", "16 held out", "1,234", "few tokens"})
        EXPECT_TRUE(find<QLabel>(dialog, "result")->text().contains(part)) << part;
    EXPECT_EQ(open.session.calibrationFile(), "/data/new.h5");
}

TEST_F(MethodCurvesWindow, CalibrateNeitherReplacesUnaskedNorKeepsWhatWasCancelled) {
    show();
    program(untilInterrupted(note()));
    CalibrateDialog dialog(&open.session, &window);
    dialog.show();
    find<QLineEdit>(dialog, "file")->setText(calibrationFile(false));
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    EXPECT_FALSE(find<JobSlot>(dialog)->isRunning());
    EXPECT_TRUE(find<QLabel>(dialog, "result")->text().contains("exists"));
    find<QCheckBox>(dialog, "replace")->setChecked(true);
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(find<JobSlot>(dialog)->isRunning());
    ASSERT_TRUE(uitest::waitUntil([&] { return QFile::exists(record()); }));
    dialog.reject();  // Escape stops
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }));
    EXPECT_TRUE(dialog.isVisible());
    EXPECT_TRUE(find<QLabel>(dialog, "label")->text().contains("Cancelled"));
    EXPECT_TRUE(open.session.calibrationFile().isEmpty());
}

TEST_F(MethodCurvesWindow, ACalibrationOfACheckpointThatIsOpenNoMoreIsGivenUp) {
    show();
    window.spectraPage()->showOneMatrix();
    program("case \"$1\" in calibrate)\n" +
            untilInterrupted(note(), "echo stopped >> " + record().toStdString()) + ";; esac\n");
    window.calibrationMenu()->calibrate();
    const QPointer<CalibrateDialog> dialog = window.findChild<CalibrateDialog*>();
    find<QLineEdit>(dialog, "file")->setText((open.folder / "new.h5").c_str());
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return QFile::exists(record()); }));
    const auto other = fixtures::writeTinyT5(open.folder / "other");
    ASSERT_TRUE(open.session.open(QString::fromStdString(other.string())));
    EXPECT_FALSE(dialog && dialog->isVisible());
    EXPECT_TRUE(waitUntil([&] { return dialog.isNull(); }));
    EXPECT_NE(calls().find("stopped"), std::string::npos);
    EXPECT_TRUE(open.session.calibrationFile().isEmpty());
}

TEST_F(MethodCurvesWindow, CompressOffersTheMethodsThatTheCalibrationAllows) {
    show();
    open.session.setRank(5);
    const auto methods = [](CompressDialog& dialog) {
        QStringList names;
        auto* box = find<QComboBox>(dialog, "method");
        for (int i = 0; i < box->count(); ++i) names << box->itemText(i);
        return names.join(' ');
    };
    CompressDialog none(&open.session, &window);
    EXPECT_EQ(methods(none), "svd randomized");
    EXPECT_TRUE(find<QLabel>(none, "methods")->text().contains("menu Calibration"));
    window.spectraPage()->showOneMatrix();
    window.calibrationMenu()->use(calibrationFile(false));
    EXPECT_EQ(open.session.calibrationFile(), calibrationFile(false));
    CompressDialog some(&open.session, &window);
    EXPECT_EQ(methods(some), "svd whitened diagonal anchored compensated randomized");
    EXPECT_TRUE(find<QLabel>(some, "methods")->text().contains("without.h5"));
    open.session.setCalibrationFile(calibrationFile(true));
    CompressDialog all(&open.session, &window);
    EXPECT_EQ(methods(all), "svd whitened diagonal fisher fisher2 anchored compensated randomized");
    const auto copy = (open.folder / "plan-seen.json").string();
    program(note() + "cp \"$4\" '" + copy + "'\nexit 1\n");
    all.show();
    find<QLineEdit>(all, "folder")->setText((open.folder / "smaller").c_str());
    enter(all, "method", "diagonal");
    EXPECT_TRUE(find<QWidget>(all, "alpha")->isEnabled());
    EXPECT_FALSE(find<QWidget>(all, "ridge")->isEnabled());
    enter(all, "method", "anchored");
    EXPECT_FALSE(find<QWidget>(all, "alpha")->isEnabled());
    EXPECT_TRUE(find<QWidget>(all, "ridge")->isEnabled());
    EXPECT_EQ(entered(all, "ridge"), "0.01");  // what the plan has
    enter(all, "ridge", "0.5");
    QTest::mouseClick(find<QPushButton>(all, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(all)->isRunning(); }));
    EXPECT_NE(calls().find("--calibration " + calibrationFile(true).toStdString()),
              std::string::npos);
    const Json plan = parseJson(fixtures::readFile(copy), "plan");
    EXPECT_EQ(plan["entries"][0]["method"], "anchored");
    EXPECT_EQ(plan["settings"]["ridge"], 0.5);
}

}  // namespace
}  // namespace rankscope::ui
