// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QImage>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/checkpoint/selection.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/report/pareto_table.h"
#include "core/search/pareto.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/dialogs/compress_dialog.h"
#include "ui/main_window.h"
#include "ui/plots/figure_renderer.h"

namespace rankscope::ui {
namespace {

using uitest::enter;
using uitest::fakeProgram;
using uitest::find;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";

search::ParetoPoint point(const char* method, const char* allocation, double budget,
                          std::int64_t parameters, double loss, bool onFront) {
    search::ParetoPoint made;
    made.method = method;
    made.allocation = allocation;
    made.budget = budget;
    made.parameters = parameters;
    made.loss = loss;
    made.onFront = onFront;
    return made;
}

/// Dense: 1000 parameters, loss 0.5. The second point is smaller and better than the first.
search::ParetoFront smallFront() {
    search::ParetoFront front;
    front.denseParameters = 1000;
    front.denseLoss = 0.5;
    front.dialogues = 7;
    front.points = {
        point("svd", "uniform", 0.6, 600, 4, false),
        point("whitened", "water-filling", 0.5, 500, 2, true),
        point("svd", "uniform", 0.9, 900, 0.6, true),
        point("svd", "energy", 0.9, 900, std::numeric_limits<double>::quiet_NaN(), false)};
    return front;
}

TEST(FrontSeries, StandInPercentWithNothingThatIsNotFinite) {
    const auto panels = frontPanels(smallFront());
    ASSERT_EQ(panels.size(), 1U);
    const FrontPanel& panel = panels.front();
    ASSERT_EQ(panel.curves.size(), 3U);
    EXPECT_EQ(panel.curves[0].label, "svd, uniform");
    ASSERT_EQ(panel.curves[0].marks.size(), 2U);
    EXPECT_EQ(panel.curves[0].marks[0].x, 60);
    EXPECT_EQ(panel.curves[0].marks[1].point, 2U);
    EXPECT_TRUE(panel.curves[2].marks.empty());
    // One colour a method, one line an allocation.
    EXPECT_EQ(panel.curves[2].method, panel.curves[0].method);
    EXPECT_NE(panel.curves[2].allocation, panel.curves[0].allocation);
    ASSERT_EQ(panel.front.size(), 2U);
    EXPECT_EQ(panel.front[0].x, 50);
    EXPECT_TRUE(panel.logY);  // 4 is more than five times 0.5
    EXPECT_LT(panel.yLower, 0.5);
    EXPECT_GT(panel.yUpper, 4);
    EXPECT_LT(panel.xLower, 50);
    EXPECT_GT(panel.xUpper, 100);
    auto flat = smallFront();
    flat.points.erase(flat.points.begin(), flat.points.begin() + 2);
    EXPECT_FALSE(frontPanels(flat).front().logY);
    auto scored = smallFront();
    scored.denseRouge = search::RougeMeans{40, 20, 30, 35};
    scored.points[1].rouge = search::RougeMeans{30, 10, 20, 25};
    const auto both = frontPanels(scored);
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[1].dense, 40);
    ASSERT_EQ(both[1].curves[1].marks.size(), 1U);
    EXPECT_EQ(both[1].curves[1].marks[0].y, 30);
}

TEST(FrontSeries, TicksAreOneTwoFive) {
    EXPECT_EQ(logarithmicTicks(0.3, 4), (std::vector<double>{0.5, 1, 2}));
    EXPECT_EQ(logarithmicTicks(0.9, 20000), (std::vector<double>{1, 10, 100, 1000, 10000}));
    EXPECT_TRUE(logarithmicTicks(0, 1).empty());
}

/// The page with a fake rankscope-cli.
class ParetoPageTest : public ::testing::Test {
 protected:
    void SetUp() override {
        window.show();
        open.open();
        find<QTabBar>(window, "pages")->setCurrentIndex(2);
        uitest::settle();
    }
    ParetoPage* page() { return find<ParetoPage>(window); }
    ParetoSetup* setup() { return find<ParetoSetup>(window); }
    std::string path(const char* name) { return (open.folder / name).string(); }
    void start() { QTest::mouseClick(find<QPushButton>(setup(), "run"), Qt::LeftButton); }
    bool waitForEnd() {
        return uitest::waitUntil([this] { return !find<FrontRun>(window)->job()->isRunning(); });
    }
    /// The small front; its second point's plan is whitened at rank 5.
    std::string answer() {
        search::ParetoFront front = smallFront();
        const auto chosen =
            checkpoint::selectMatrices(open.session.checkpoint()->matrices(), {"q", {}});
        for (std::size_t i = 0; i < front.points.size(); ++i) {
            plan::PlanOptions how;
            how.method = front.points[i].method;
            how.target = {plan::RankTarget::Kind::Rank, 4.0 + static_cast<double>(i)};
            front.points[i].plan = plan::makePlan(*open.session.checkpoint(), chosen, {}, how);
            front.points[i].plan.calibrationFile = "/data/c.h5";
        }
        const Json event = {{"event", "done"}, {"result", toJson(front, true)}};
        fixtures::writeFile(open.folder / "answer", event.dump() + "\n");
        return "cat '" + path("answer") + "'\n";
    }
    void runOnce() {
        open.session.setCalibrationFile("/data/c.h5");
        open.session.setProgram(fakeProgram(
            open.folder, "for a; do echo \"$a\"; done > '" + path("seen") + "'\n" + answer()));
        start();
        ASSERT_TRUE(waitForEnd());
        uitest::settle();
    }

    uitest::OpenSession open;
    MainWindow window{&open.session};
};

TEST_F(ParetoPageTest, SaysWhatIsMissingBeforeItRuns) {
    EXPECT_FALSE(page()->figure());
    EXPECT_FALSE(find<QPushButton>(setup(), "run")->isEnabled());
    EXPECT_TRUE(find<QLabel>(setup(), "hint")->text().contains("calibration"));
    EXPECT_EQ(setup()->request().methods, QStringList{"svd"});  // the others need one
    EXPECT_FALSE(find<QCheckBox>(setup(), "rouge")->isEnabled());
    open.session.setCalibrationFile("/data/c.h5");
    EXPECT_TRUE(find<QPushButton>(setup(), "run")->isEnabled());
    EXPECT_EQ(setup()->request().methods, (QStringList{"svd", "whitened", "compensated", "slim"}));
    EXPECT_EQ(find<QLabel>(setup(), "hint")->text(), "40 settings");
    find<QSpinBox>(setup(), "to")->setValue(40);
    EXPECT_FALSE(find<QPushButton>(setup(), "run")->isEnabled());
    EXPECT_TRUE(find<QLabel>(setup(), "hint")->text().contains("largest budget"));
}

TEST_F(ParetoPageTest, RunsTheCommandAndShowsItsFront) {
    find<QLineEdit>(setup(), "data")->setText("/data/talk.json");
    find<QCheckBox>(setup(), "rouge")->setChecked(false);
    find<QComboBox>(setup(), "storage")->setCurrentIndex(1);
    enter(*setup(), "max-rank", "12");
    enter(*setup(), "groups", "type");
    runOnce();
    const QStringList words{"pareto",        QString::fromStdString(path("tiny")),
                            "--targets",     "attention,ffn",
                            "--budgets",     "0.5:0.9:0.1",
                            "--methods",     "svd,whitened,compensated,slim",
                            "--allocations", "uniform,water-filling",
                            "--storage",     "factored",
                            "--max-rank",    "12",
                            "--groups",      "type",
                            "--calibration", "/data/c.h5",
                            "--data",        "/data/talk.json",
                            "--metrics",     "loss",
                            "--plans",       "--events"};
    EXPECT_EQ(fixtures::readFile(path("seen")), words.join('\n').toStdString() + "\n");
    EXPECT_TRUE(page()->figure());
    EXPECT_TRUE(find<QLabel>(page(), "heading")->text().contains("7 held-out dialogues"));
    auto* model = find<ResultTable>(page())->model();
    ASSERT_EQ(model->rowCount(), 5);
    const auto columns = report::paretoTable(smallFront()).columns;
    ASSERT_EQ(model->columnCount(), static_cast<int>(columns.size()));
    for (int c = 0; c < model->columnCount(); ++c) {
        EXPECT_EQ(model->headerData(c, Qt::Horizontal).toString().toStdString(),
                  columns[static_cast<std::size_t>(c)].title);
    }
    EXPECT_EQ(model->index(2, 4).data(), "500 (50.0 %)");
    EXPECT_EQ(model->index(4, 5).data(), "–");
    find<ResultTable>(page())->sortByColumn(5, Qt::AscendingOrder);
    EXPECT_EQ(model->index(0, 0).data(), "dense");  // 0.5 is the least loss
    EXPECT_EQ(page()->tables().front().csv.substr(0, 58),
              "method,allocation,ridge,budget,parameters,loss,on_front\r\nd");
    report::FigureRequest figure = page()->figure().value();
    figure.out = path("front.svg");
    renderFigure(figure);
    EXPECT_NE(fixtures::readFile(path("front.svg")).find("whitened, water-filling"),
              std::string::npos);
}

TEST_F(ParetoPageTest, AClickMakesThePlanWithMethodAndCalibration) {
    runOnce();
    find<FrontPlot>(page())->replot(QCustomPlot::rpImmediateRefresh);
    QTest::mouseMove(find<FrontPlot>(page()), find<FrontPlot>(page())->markCentre(2));
    QTest::mouseMove(find<FrontPlot>(page()), find<FrontPlot>(page())->markCentre(1));
    EXPECT_TRUE(find<QLabel>(page(), "readout")
                    ->text()
                    .contains("whitened, water-filling, 50 %: 500 param"));
    EXPECT_FALSE(open.session.plan());
    QTest::mouseClick(find<FrontPlot>(page()), Qt::LeftButton, {},
                      find<FrontPlot>(page())->markCentre(1));
    ASSERT_TRUE(open.session.plan());
    EXPECT_EQ(open.session.planOrigin(), "whitened, water-filling, 50 %");
    EXPECT_EQ(open.session.chosenRank(q0), 5);
    const Json plan = toJson(*open.session.plan());
    EXPECT_EQ(plan["entries"][0]["method"], "whitened");
    EXPECT_EQ(plan["calibration"]["file"], "/data/c.h5");
    EXPECT_TRUE(find<QLabel>(page(), "planned")->text().startsWith("Plan: whitened"));
    CompressDialog dialog(&open.session);
    const auto boxes = dialog.findChildren<QComboBox*>();
    EXPECT_TRUE(std::ranges::any_of(
        boxes, [](const QComboBox* box) { return box->currentText() == "whitened"; }));
    // Another rank by hand: the method stays, the point does not, and both are said.
    open.session.setSelection({q0}, q0);
    EXPECT_EQ(open.session.rank(), 5);
    open.session.setRank(7);
    EXPECT_TRUE(open.session.planOrigin().isEmpty());
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("changed by hand"));
    EXPECT_TRUE(find<QLabel>(page(), "planned")->text().startsWith("A click"));
    const Json edited = toJson(*open.session.plan());
    EXPECT_EQ(edited["entries"][0]["method"], "whitened");
    EXPECT_EQ(edited["entries"][0]["rank"], 7);
    EXPECT_EQ(edited["entries"][1]["rank"], 5);
    EXPECT_EQ(edited["calibration"]["file"], "/data/c.h5");
    open.session.clearAllRanks();
    open.session.setRank(7);
    EXPECT_EQ(toJson(*open.session.plan())["entries"][0]["method"], "svd");
}

TEST_F(ParetoPageTest, KeysDoAllThatTheMouseDoes) {
    runOnce();
    find<FrontPlot>(page())->setFocus();
    QTest::keyClick(find<FrontPlot>(page()), Qt::Key_Home);
    EXPECT_EQ(find<FrontPlot>(page())->current(), 1U);  // 500 parameters
    QTest::keyClick(find<FrontPlot>(page()), Qt::Key_Right);
    EXPECT_EQ(find<FrontPlot>(page())->current(), 0U);
    QTest::keyClick(find<FrontPlot>(page()), Qt::Key_End);
    EXPECT_EQ(find<FrontPlot>(page())->current(), 2U);
    EXPECT_EQ(find<ResultTable>(page())->currentIndex().row(), 3);  // the dense model stands first
    EXPECT_TRUE(find<FrontPlot>(page())->accessibleDescription().contains("900 parameters"));
    QTest::keyClick(find<FrontPlot>(page()), Qt::Key_Return);
    EXPECT_EQ(open.session.chosenRank(q0), 6);
    find<ResultTable>(page())->setFocus();
    find<ResultTable>(page())->setCurrentIndex(find<ResultTable>(page())->model()->index(2, 0));
    EXPECT_EQ(find<FrontPlot>(page())->current(), 1U);
    QTest::keyClick(find<ResultTable>(page()), Qt::Key_Return);
    EXPECT_EQ(open.session.chosenRank(q0), 5);
    find<ResultTable>(page())->setCurrentIndex(find<ResultTable>(page())->model()->index(0, 0));
    QTest::keyClick(find<ResultTable>(page()), Qt::Key_Return);  // the dense model is no plan
    EXPECT_EQ(open.session.chosenRank(q0), 5);
}

TEST_F(ParetoPageTest, FailuresAndCancelLeaveThePageAsItWas) {
    open.session.setCalibrationFile("/data/c.h5");
    open.session.setProgram(fakeProgram(open.folder, R"SH(
echo '{"event":"error","message":"No held-out dialogues.","subject":"c","exit_code":2}'
exit 2
)SH"));
    start();
    ASSERT_TRUE(waitForEnd());
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("No held-out dialogues."));
    EXPECT_TRUE(
        find<QLabel>(find<JobProgress>(page(), "progress"), "label")->text().startsWith("Failed"));
    EXPECT_FALSE(page()->figure());
    EXPECT_TRUE(find<QPushButton>(setup(), "run")->isEnabled());
    open.session.setProgram(fakeProgram(
        open.folder,
        uitest::untilInterrupted(R"(echo '{"event":"progress","fraction":0.5,"label":"svd"}')")));
    start();
    ASSERT_TRUE(
        uitest::waitUntil([&] { return find<QProgressBar>(page(), "bar")->value() == 500; }));
    EXPECT_FALSE(find<QPushButton>(setup(), "run")->isEnabled());
    QTest::mouseClick(find<QPushButton>(page(), "cancel"), Qt::LeftButton);
    ASSERT_TRUE(waitForEnd());
    EXPECT_TRUE(find<QLabel>(find<JobProgress>(page(), "progress"), "label")
                    ->text()
                    .startsWith("Cancelled"));
    open.session.setProgram(
        fakeProgram(open.folder, "echo '{\"event\":\"done\",\"result\":{}}'\n"));
    start();
    ASSERT_TRUE(waitForEnd());
    EXPECT_TRUE(
        find<QLabel>(window, "messageText")->text().contains("is not what `pareto --json` prints"));
    EXPECT_FALSE(page()->figure());
}

TEST_F(ParetoPageTest, AnotherCheckpointForgetsTheFront) {
    runOnce();
    EXPECT_TRUE(page()->figure());
    open.session.setProgram(QString());
    const auto other = fixtures::writeTinyT5(open.folder / "other");
    ASSERT_TRUE(open.session.open(QString::fromStdString(other.string())));
    EXPECT_FALSE(page()->figure());
    EXPECT_FALSE(find<FrontPlot>(page())->current().has_value() && find<FrontRun>(window)->front());
}

}  // namespace
}  // namespace rankscope::ui
