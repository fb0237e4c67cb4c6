// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QClipboard>
#include <QDropEvent>
#include <QMimeData>
#include <QTest>

#include "core/plan/plan_json.h"
#include "tests/ui/evaluation_fixture.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/main_window.h"

namespace rankscope::ui {
namespace {

using uitest::enter;
using uitest::entered;
using uitest::fakeProgram;
using uitest::find;
using uitest::threeRuns;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";

/// The page with a fake rankscope-cli.
class EvaluationJobTest : public ::testing::Test {
 protected:
    void SetUp() override {
        window.show();
        open.open();
        find<QTabBar>(window, "pages")->setCurrentIndex(1);
    }
    EvaluationPage* page() { return window.evaluationPage(); }
    EvaluationSetup* setup() { return find<EvaluationSetup>(window); }
    void evaluate() { QTest::mouseClick(find<QPushButton>(setup(), "evaluate"), Qt::LeftButton); }
    bool waitForEnd() {
        return uitest::waitUntil([this] { return !open.session.evaluationJob()->isRunning(); });
    }
    std::string path(const char* name) { return (open.folder / name).string(); }

    uitest::OpenSession open;
    MainWindow window{&open.session};
};

TEST_F(EvaluationJobTest, RunsExactlyTheShownCommandAndShowsItsResult) {
    open.session.setProgram(
        fakeProgram(open.folder, "for a; do echo \"$a\"; done > '" + path("seen") + "'\n" +
                                     uitest::answering(open.folder, threeRuns())));
    setup()->addFolder("/models/half of it");
    setup()->addFolder("/models/half of it");  // once is enough
    find<QSpinBox>(setup(), "limit")->setValue(5);
    find<QLineEdit>(setup(), "data")->setText("/data/my set.json");
    find<QComboBox>(setup(), "preset")->setCurrentText("beam4");
    EXPECT_EQ(entered(*setup(), "beams"), "4");  // the preset's own numbers are shown
    enter(*setup(), "beams", "2");
    find<QCheckBox>(setup(), "loss")->setChecked(false);
    const QString model = QString::fromStdString(path("tiny"));
    const QStringList words{"evaluate",
                            model,
                            "/models/half of it",
                            "--data",
                            "/data/my set.json",
                            "--limit",
                            "5",
                            "--metrics",
                            "rouge",
                            "--preset",
                            "beam4",
                            "--beams",
                            "2",
                            "--per-sample"};
    EXPECT_EQ(setup()->commandLine(), shellLine(QStringList{"rankscope-cli"} + words));
    EXPECT_EQ(find<QLineEdit>(setup(), "command")->text(), setup()->commandLine());
    EXPECT_TRUE(find<QPushButton>(setup(), "evaluate")->toolTip().contains(setup()->commandLine()));
    QTest::mouseClick(find<QPushButton>(setup(), "copy"), Qt::LeftButton);
    EXPECT_EQ(QApplication::clipboard()->text(), setup()->commandLine());
    evaluate();
    EXPECT_FALSE(find<QPushButton>(setup(), "evaluate")->isEnabled());
    ASSERT_TRUE(waitForEnd());
    EXPECT_EQ(fixtures::readFile(path("seen")),
              (words + QStringList{"--events"}).join('\n').toStdString() + "\n");
    ASSERT_TRUE(open.session.evaluation());
    EXPECT_EQ(open.session.evaluation()->samples.size(), 4U);
    EXPECT_EQ(find<TableModel>(find<EvaluationResults>(page()))->rowCount(), 3);
    EXPECT_TRUE(find<QLabel>(find<JobProgress>(page(), "progress"), "label")
                    ->text()
                    .startsWith("Finished in"));
    uitest::settle();
    EXPECT_TRUE(find<QPushButton>(setup(), "evaluate")->isEnabled());
    find<QCheckBox>(setup(), "loss")->setChecked(false);
    find<QCheckBox>(setup(), "rouge")->setChecked(false);
    EXPECT_FALSE(find<QPushButton>(setup(), "evaluate")->isEnabled());  // nothing to measure
}

TEST_F(EvaluationJobTest, CancelStopsAndTheNextRunGoesOn) {
    open.session.setProgram(fakeProgram(
        open.folder,
        uitest::untilInterrupted(
            R"(echo '{"event":"progress","fraction":0.25,"label":"summaries 5 of 20"}')",
            "touch " + path("stopped"))));
    evaluate();
    auto* progress = find<JobProgress>(page(), "progress");
    ASSERT_TRUE(
        uitest::waitUntil([&] { return find<QProgressBar>(progress, "bar")->value() == 250; }));
    EXPECT_EQ(find<QLabel>(progress, "label")->text(), "summaries 5 of 20");
    QTest::mouseClick(find<QPushButton>(progress, "cancel"), Qt::LeftButton);
    ASSERT_TRUE(waitForEnd());
    EXPECT_TRUE(std::filesystem::exists(path("stopped")));
    EXPECT_TRUE(find<QLabel>(progress, "label")->text().startsWith("Cancelled."));
    EXPECT_TRUE(find<QLabel>(progress, "label")->text().contains("goes on from there"));
    EXPECT_FALSE(find<QProgressBar>(progress, "bar")->isVisible());
    EXPECT_FALSE(open.session.evaluation());
    EXPECT_FALSE(find<QWidget>(window, "messageBar")->isVisible());
    uitest::settle();
    open.session.setProgram(fakeProgram(open.folder, uitest::answering(open.folder, threeRuns())));
    evaluate();
    ASSERT_TRUE(waitForEnd());
    EXPECT_TRUE(open.session.evaluation());
}

TEST_F(EvaluationJobTest, TimeLeftIsSaidOnceItIsKnown) {
    open.session.setProgram(fakeProgram(open.folder, R"SH(
trap 'exit 130' INT
echo '{"event":"progress","fraction":0.1,"label":"a"}'
while :; do
    echo '{"event":"progress","fraction":0.3,"label":"b"}'
    sleep 0.05
done
)SH"));
    evaluate();
    auto* progress = find<JobProgress>(page(), "progress");
    ASSERT_TRUE(
        uitest::waitUntil([&] { return find<QProgressBar>(progress, "bar")->value() == 300; }));
    // How long the rest takes is TimeLeft's to tell, which is tried with times that are given.
    ASSERT_TRUE(
        uitest::waitUntil([&] { return !find<QLabel>(progress, "time")->text().isEmpty(); }));
    const QString text = find<QLabel>(progress, "time")->text();
    EXPECT_TRUE(text.startsWith("about ") && text.endsWith(" left")) << text.toStdString();
    find<QPushButton>(progress, "cancel")->click();
    ASSERT_TRUE(waitForEnd());
}

TEST_F(EvaluationJobTest, ErrorsAndWarningsStandInTheMessageBar) {
    open.session.setProgram(fakeProgram(open.folder, R"SH(
echo '{"event":"warning","message":"Line 3 is left out."}'
echo '{"event":"error","message":"No such dialogues.","subject":"x","exit_code":1}'
exit 1
)SH"));
    evaluate();
    ASSERT_TRUE(waitForEnd());
    EXPECT_TRUE(find<QWidget>(window, "messageBar")->isVisible());
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("Line 3 is left out."));
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("No such dialogues."));
    EXPECT_TRUE(
        find<QLabel>(find<JobProgress>(page(), "progress"), "label")->text().startsWith("Failed"));
}

TEST_F(EvaluationJobTest, ThePlanInHandIsWrittenAndPassed) {
    EXPECT_FALSE(find<QCheckBox>(setup(), "plan")->isEnabled());
    open.session.setSelection({q0}, q0);
    open.session.setRank(5);
    ASSERT_TRUE(find<QCheckBox>(setup(), "plan")->isEnabled());
    EXPECT_FALSE(setup()->commandLine().contains("--plan"));
    find<QCheckBox>(setup(), "plan")->click();
    const QString file = open.session.planFile();
    EXPECT_TRUE(setup()->commandLine().contains("--plan " + file));
    open.session.setProgram(
        fakeProgram(open.folder, "[ \"$3\" = --plan ] && cp \"$4\" '" + path("plan-seen") + "'\n" +
                                     uitest::answering(open.folder, threeRuns())));
    evaluate();
    ASSERT_TRUE(waitForEnd());
    const auto plan = plan::planFromJson(parseJson(fixtures::readFile(path("plan-seen")), "p"),
                                         *open.session.checkpoint(), "p");
    ASSERT_EQ(plan.entries.size(), 1U);
    EXPECT_EQ(plan.entries[0].rank, 5);
    open.session.setRank(6);
    EXPECT_NE(open.session.planFile(), file);  // another plan, another file
    EXPECT_TRUE(find<QLineEdit>(setup(), "command")->text().contains(open.session.planFile()));
    open.session.clearAllRanks();
    EXPECT_FALSE(setup()->commandLine().contains("--plan"));
}

TEST_F(EvaluationJobTest, RandomVectorsOfThePlanStandBeside) {
    auto* panel = find<RandomVectorsPanel>(page());
    EXPECT_FALSE(find<QPushButton>(panel, "start")->isEnabled());
    EXPECT_FALSE(find<ResultTable>(panel)->isVisible());
    EXPECT_TRUE(find<EvaluationChart>(page())->isVisible());
    open.session.setSelection({q0}, q0);
    open.session.setRank(5);
    open.session.setProgram(
        fakeProgram(open.folder, "echo \"$1 $3 $5 $6 $7 $8\" > '" + path("seen") + R"SH('
printf '{"event":"done","result":{"results":[{"name":"encoder.block.0.layer.0.SelfAttention.q.weight",'
printf '"rank":5,"vectors":1000,"cosine_mean":0.5,"cosine_pooled":0.6,"relative_error":0.25,'
printf '"predicted_cosine":0.75}]}}\n'
)SH"));
    ASSERT_TRUE(find<QPushButton>(panel, "start")->isEnabled());
    QTest::mouseClick(find<QPushButton>(panel, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !open.session.randomVectorsJob()->isRunning(); }));
    EXPECT_EQ(fixtures::readFile(path("seen")),
              "random-vectors --plan --vectors 1000 --distribution uniform\n");
    ASSERT_EQ(find<ResultTable>(panel)->model()->rowCount(), 1);
    EXPECT_TRUE(find<ResultTable>(panel)->isVisible());
    EXPECT_FALSE(find<EvaluationChart>(page())
                     ->isVisible());  // nothing was evaluated: the table has its place
    const auto cell = [&](int column) {
        return find<ResultTable>(panel)->model()->index(0, column).data();
    };
    EXPECT_EQ(cell(0), "encoder 0 SelfAttention.q");
    EXPECT_EQ(cell(2), "0.5000");
    EXPECT_EQ(cell(4), "0.7500");
    EXPECT_FALSE(find<QLabel>(panel, "note")->text().contains("earlier"));
    open.session.setRank(6);
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("earlier"));
}

TEST_F(EvaluationJobTest, RandomVectorsTakeTheCalibrationInUse) {
    auto* panel = find<RandomVectorsPanel>(page());
    open.session.setSelection({q0}, q0);
    open.session.setRank(5);
    open.session.setCalibrationFile("/data/c.h5");
    open.session.setProgram(fakeProgram(open.folder, "echo \"$5 $6\" > '" + path("seen") + R"SH('
printf '{"event":"done","result":{"results":[{"name":"encoder.block.0.layer.0.SelfAttention.q.weight",'
printf '"rank":5,"vectors":1000,"cosine_mean":0.5,"on_calibration":{"cosine_pooled":0.875,'
printf '"relative_error":0.125}}]}}\n'
)SH"));
    QTest::mouseClick(find<QPushButton>(panel, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !open.session.randomVectorsJob()->isRunning(); }));
    EXPECT_EQ(fixtures::readFile(path("seen")), "--calibration /data/c.h5\n");
    ASSERT_EQ(find<ResultTable>(panel)->model()->columnCount(), 8);
    EXPECT_TRUE(find<QLabel>(panel, "note")->text().contains("real inputs of the layer"));
    find<ResultTable>(panel)->selectAll();  // what Ctrl+C copies has them too
    EXPECT_TRUE(find<ResultTable>(panel)->selectedText().endsWith("0.8750\t0.1250"))
        << find<ResultTable>(panel)->selectedText().toStdString();
}

TEST_F(EvaluationJobTest, FoldersAreDroppedAndRemovedByKey) {
    std::filesystem::create_directory(open.folder / "a");
    std::filesystem::create_directory(open.folder / "b");
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QString::fromStdString(path("a"))),
                  QUrl::fromLocalFile(QString::fromStdString(path("b")))});
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(page(), &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(page(), &drop);
    auto* list = find<QListWidget>(setup(), "runs");
    ASSERT_EQ(list->count(), 3);
    EXPECT_TRUE(list->item(0)->text().contains("baseline"));
    EXPECT_EQ(setup()->request().checkpoints[1].toStdString(), path("a"));
    list->setCurrentRow(1);
    QTest::keyClick(list, Qt::Key_Delete);
    ASSERT_EQ(list->count(), 2);
    EXPECT_EQ(setup()->request().checkpoints[1].toStdString(), path("b"));
    list->setCurrentRow(0);
    QTest::keyClick(list, Qt::Key_Delete);  // the baseline stays
    EXPECT_EQ(list->count(), 2);
    EXPECT_FALSE(find<QPushButton>(setup(), "remove")->isEnabled());
}

TEST_F(EvaluationJobTest, OpeningAnotherCheckpointMakesItTheBaseline) {
    setup()->addFolder("/models/half");
    const auto other = fixtures::writeTinyT5(open.folder / "other");
    open.session.setProgram(QString());
    ASSERT_TRUE(open.session.open(QString::fromStdString(other.string())));
    EXPECT_EQ(setup()->request().checkpoints,
              QStringList({QString::fromStdString(other.string()), "/models/half"}));
}

}  // namespace
}  // namespace rankscope::ui
