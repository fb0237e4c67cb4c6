// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window.h"

#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QDropEvent>
#include <QLineEdit>
#include <QMimeData>
#include <QSignalSpy>
#include <QTest>
#include <cmath>
#include <sstream>
#include <variant>

#include "core/plan/plan_json.h"
#include "core/report/figure_request.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/dialogs/compress_dialog.h"
#include "ui/dialogs/export_dialog.h"

namespace rankscope::ui {
namespace {

using uitest::enter;
using uitest::find;
using uitest::OpenSession;
using uitest::untilInterrupted;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";
const std::string wi0 = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight";

class WindowTest : public ::testing::Test {
 protected:
    void show() {
        window.show();
        open.open();
        uitest::settle();
    }
    QModelIndex inTree(const std::string& name) {
        return find<MatrixFilter>(window)->mapFromSource(
            find<MatrixTreeModel>(window)->indexOfMatrix(name));
    }
    void click(const QModelIndex& index, Qt::KeyboardModifiers modifiers = {}) {
        auto* tree = find<QTreeView>(window, "matrices");
        tree->scrollTo(index);
        QTest::mouseClick(tree->viewport(), Qt::LeftButton, modifiers,
                          tree->visualRect(index).center());
    }
    std::vector<std::string> selected() const {
        std::vector<std::string> names;
        for (const auto& matrix : open.session.selection()) names.push_back(matrix.name);
        return names;
    }
    OpenSession open;
    MainWindow window{&open.session};
};

TEST_F(WindowTest, WelcomesAndOpensWhatIsAskedFor) {
    window.show();
    EXPECT_TRUE(find<WelcomePage>(window)->isVisible());
    EXPECT_TRUE(find<QPushButton>(window, "demo")->isVisible());
    QString asked;
    QObject::connect(find<WelcomePage>(window), &WelcomePage::pathRequested,
                     [&](const QString& path) { asked = path; });
    QTest::mouseClick(find<QPushButton>(window, "demo"), Qt::LeftButton);
    EXPECT_EQ(asked, "demo");
    open.open();
    EXPECT_FALSE(find<WelcomePage>(window)->isVisible());
    EXPECT_TRUE(window.windowTitle().startsWith("tiny"));
}

TEST_F(WindowTest, ShowsErrorsAsSentencesInABar) {
    window.show();
    open.session.open("/nowhere/model");
    EXPECT_TRUE(find<QWidget>(window, "messageBar")->isVisible());
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("/nowhere/model"));
    EXPECT_TRUE(find<WelcomePage>(window)->isVisible());
    open.open();
    EXPECT_FALSE(find<QWidget>(window, "messageBar")->isVisible());
}

TEST_F(WindowTest, ExportFigureIsOfThePageShown) {
    show();
    const auto exported = [&](Qt::Key page) {
        QTest::keyClick(&window, page, Qt::ControlModifier);
        QTest::keyClick(&window, Qt::Key_E, Qt::ControlModifier);
        return find<QLabel>(window, "messageText")->text();
    };
    EXPECT_EQ(exported(Qt::Key_2), "There is no chart to export yet.");
    EXPECT_TRUE(exported(Qt::Key_3).endsWith("\nThere is no front to export yet."));
}

TEST_F(WindowTest, ClickingATreeItemSelectsItsMatrices) {
    show();
    click(inTree(q0));
    EXPECT_EQ(selected(), std::vector<std::string>{q0});
    EXPECT_EQ(find<RankPlot>(window, "spectrumPlot")->plotData().curves.size(), 1U);
    click(inTree(wi0), Qt::ControlModifier);
    EXPECT_EQ(selected(), (std::vector<std::string>{q0, wi0}));
    EXPECT_EQ(find<RankPlot>(window, "errorPlot")->plotData().curves.size(), 2U);
    click(inTree(q0).parent());
    EXPECT_EQ(selected().size(), 7U);  // q k v o wi_0 wi_1 wo
    click(inTree(q0).parent().parent());
    EXPECT_GE(selected().size(), 14U);
}

TEST_F(WindowTest, OneDragMovesLineFieldSliderAndBothPlots) {
    show();
    click(inTree(wi0));
    uitest::settle();
    RankPlot* plot = find<RankPlot>(window, "errorPlot");
    const auto at = [&](double rank) {
        return QPoint(static_cast<int>(std::lround(plot->xAxis->coordToPixel(rank))),
                      plot->axisRect()->center().y());
    };
    QTest::mousePress(plot, Qt::LeftButton, {}, at(static_cast<double>(plot->rank())));
    QTest::mouseMove(plot, at(15));
    QTest::mouseMove(plot, at(9));
    QTest::mouseRelease(plot, Qt::LeftButton, {}, at(9));
    EXPECT_NEAR(static_cast<double>(open.session.rank()), 9, 1);
    const auto rank = open.session.rank();
    EXPECT_EQ(find<QSpinBox>(window, "rankField")->value(), rank);
    EXPECT_EQ(find<QSlider>(window, "rank")->value(), rank);
    EXPECT_EQ(find<RankPlot>(window, "spectrumPlot")->rank(), rank);
    EXPECT_EQ(find<RankPlot>(window, "errorPlot")->rank(), rank);
    EXPECT_EQ(open.session.chosenRank(wi0), rank);
    EXPECT_EQ(inTree(wi0).siblingAtColumn(MatrixTreeModel::RankColumn).data().toString(),
              QString::number(rank));
}

TEST_F(WindowTest, KeysAndNumberFieldMoveTheSameRank) {
    show();
    click(inTree(wi0));
    RankPlot* plot = find<RankPlot>(window, "spectrumPlot");
    QTest::keyClick(plot, Qt::Key_Home);
    QTest::keyClick(plot, Qt::Key_Right, Qt::ShiftModifier);
    EXPECT_EQ(find<QSpinBox>(window, "rankField")->value(), 11);
    auto* field = find<QSpinBox>(window, "rankField");
    field->selectAll();
    QTest::keyClicks(field, "20");
    QTest::keyClick(field, Qt::Key_Return);
    EXPECT_EQ(open.session.rank(), 20);
    EXPECT_EQ(plot->rank(), 20);
    find<QSlider>(window, "rank")->setValue(4);
    EXPECT_EQ(field->value(), 4);
    EXPECT_EQ(open.session.chosenRank(wi0), 4);
}

TEST_F(WindowTest, SelectingAloneSetsNoRank) {
    show();
    click(inTree(q0));
    click(inTree(wi0));
    EXPECT_FALSE(open.session.plan());
}

TEST_F(WindowTest, OneMatrixIsShownAsInThePostOnPlainAxes) {
    show();
    click(inTree(q0).parent());
    window.spectraPage()->showOneMatrix();
    const auto& left = find<RankPlot>(window, "spectrumPlot")->plotData();
    const auto& right = find<RankPlot>(window, "errorPlot")->plotData();
    ASSERT_EQ(left.curves.size(), 1U);
    ASSERT_EQ(right.curves.size(), 1U);
    EXPECT_FALSE(left.logY);
    EXPECT_TRUE(right.yTitle.startsWith("Frobenius error"));
    find<QCheckBox>(window, "logValue")->click();
    EXPECT_TRUE(find<RankPlot>(window, "spectrumPlot")->plotData().logY);
    window.spectraPage()->showSelected();
    EXPECT_EQ(find<RankPlot>(window, "spectrumPlot")->plotData().curves.size(), 7U);
}

TEST_F(WindowTest, TheFilterBoxHidesWhatDoesNotFit) {
    show();
    QTest::keyClicks(find<QLineEdit>(window, "matrixFilter"), "decoder q");
    EXPECT_FALSE(inTree(q0).isValid());
    EXPECT_TRUE(inTree("decoder.block.0.layer.1.EncDecAttention.q.weight").isValid());
    // A group now stands for what it shows.
    click(find<MatrixFilter>(window)->index(0, 0));
    EXPECT_EQ(selected().size(), 4U);
    find<QLineEdit>(window, "matrixFilter")->clear();
    EXPECT_TRUE(inTree(q0).isValid());
}

TEST_F(WindowTest, ADroppedFolderOpens) {
    window.show();
    const auto model = fixtures::writeTinyT5(open.folder / "dropped");
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QString::fromStdString(model.string()))});
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &enter);
    EXPECT_TRUE(enter.isAccepted());
    QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &drop);
    ASSERT_TRUE(open.session.checkpoint());
    EXPECT_TRUE(window.windowTitle().startsWith("dropped"));
    EXPECT_EQ(open.session.recentFiles().paths().value(0), QString::fromStdString(model.string()));
}

TEST_F(WindowTest, TablesHoldExactlyTheShownCurves) {
    show();
    click(inTree(q0));
    std::istringstream rows(window.spectraPage()->tables()[0].csv);
    std::string row;
    ASSERT_TRUE(std::getline(rows, row));
    EXPECT_TRUE(row.starts_with("name,index,singular_value"));
    int index = 0;
    while (std::getline(rows, row)) {
        const auto cells = QString::fromStdString(row).trimmed().split(',');
        ASSERT_GE(cells.size(), 3);
        EXPECT_EQ(cells[0].toStdString(), q0);
        EXPECT_EQ(cells[1].toInt(), ++index);
        EXPECT_EQ(cells[2].toDouble(), std::ldexp(1.0, 1 - index));
    }
    EXPECT_EQ(index, 24);
    std::istringstream curve(window.spectraPage()->tables()[1].csv);
    int lines = 0;
    while (std::getline(curve, row)) ++lines;
    EXPECT_EQ(lines, 1 + 25);  // title, ranks 0 … 24
}

TEST_F(WindowTest, TheExportedFigureIsTheShownOneWithItsZoom) {
    show();
    click(inTree(q0).parent());
    find<RankPlot>(window, "spectrumPlot")->xAxis->setRange(3, 7);
    open.session.setRank(6);
    const report::FigureRequest request =
        ExportDialog(window.spectraPage()->figure().value()).request();
    const auto& figure = std::get<report::SpectraFigure>(request.figure);
    EXPECT_EQ(figure.plots, report::SpectraPlots::Both);
    EXPECT_EQ(figure.spectra.size(), 7U);
    EXPECT_EQ(figure.rank, 6);
    ASSERT_TRUE(figure.views[0]);
    EXPECT_EQ(figure.views[0]->xLower, 3);
    EXPECT_EQ(figure.views[0]->xUpper, 7);
}

TEST_F(WindowTest, AJobShowsItsProgressAndCanBeCancelled) {
    window.show();
    open.session.setProgram(uitest::fakeProgram(
        open.folder,
        untilInterrupted(R"(echo '{"event":"progress","fraction":0.5,"label":"half"}')")));
    const auto model = fixtures::writeTinyT5(open.folder / "slow");
    ASSERT_TRUE(open.session.open(QString::fromStdString(model.string())));
    ASSERT_TRUE(uitest::waitUntil(
        [&] { return find<QProgressBar>(find<JobBar>(window), "bar")->value() == 500; }));
    EXPECT_TRUE(find<JobBar>(window)->isVisible());
    QTest::mouseClick(find<QPushButton>(find<JobBar>(window), "cancel"), Qt::LeftButton);
    EXPECT_TRUE(uitest::waitUntil([&] { return !find<JobBar>(window)->isVisible(); }));
    EXPECT_FALSE(find<QWidget>(window, "messageBar")->isVisible());
}

TEST_F(WindowTest, OfSeveralJobsTheNewestIsShownAndThenTheOther) {
    window.show();
    const auto started = [&](const char* title, const char* fraction) {
        const auto program = uitest::fakeProgram(
            open.folder, untilInterrupted("echo '{\"event\":\"progress\",\"fraction\":" +
                                          std::string(fraction) + ",\"label\":\"\"}'"));
        auto* job = new Job(title, program, {}, &open.session);
        find<JobBar>(window)->follow(job);
        job->start();
        return job;
    };
    auto* bar = find<JobBar>(window);
    Job* first = started("first", "0.2");
    ASSERT_TRUE(uitest::waitUntil([&] { return find<QProgressBar>(bar, "bar")->value() == 200; }));
    Job* second = started("second", "0.7");
    ASSERT_TRUE(uitest::waitUntil([&] { return find<QProgressBar>(bar, "bar")->value() == 700; }));
    QTest::mouseClick(find<QPushButton>(bar, "cancel"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !second->isRunning(); }));
    EXPECT_TRUE(first->isRunning());
    EXPECT_TRUE(bar->isVisible());
    EXPECT_TRUE(find<QPushButton>(bar, "cancel")->isEnabled());
    QTest::mouseClick(find<QPushButton>(bar, "cancel"), Qt::LeftButton);
    EXPECT_TRUE(uitest::waitUntil([&] { return !bar->isVisible(); }));
}

TEST_F(WindowTest, CompressRunsTheChildWithThePlanAndShowsTheResult) {
    show();
    open.session.setSelection({q0}, q0);
    open.session.setRank(5);
    const auto copy = (open.folder / "plan-seen.json").string();
    open.session.setProgram(uitest::fakeProgram(open.folder, "cp \"$4\" '" + copy + R"SH('
echo '{"event":"progress","fraction":0.5,"label":"q"}'
printf '{"event":"done","result":{"path":"%s","parameters":{"dense":2000,"stored":1500},' "$6"
printf '"bytes":{"before":8000,"after":6000},"layers":[{"name":"a","relative_error":0.125},'
printf '{"name":"b","relative_error":0.25}],"verified":true}}\n'
)SH"));
    CompressDialog dialog(&open.session, &window);
    dialog.show();
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    EXPECT_FALSE(find<JobSlot>(dialog)->isRunning());  // no folder was named
    EXPECT_FALSE(find<QLabel>(dialog, "result")->text().isEmpty());
    const std::string out = open.folder / "smaller";
    QTest::keyClicks(find<QLineEdit>(dialog, "folder"), out.c_str());
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }));
    const QString text = find<QLabel>(dialog, "result")->text();
    for (const char* part :
         {out.c_str(), "1,500", "2,000", "6,000", "8,000", "0.25 in b", "Verified"})
        EXPECT_TRUE(text.contains(part)) << part << " in " << text.toStdString();
    const auto plan = plan::planFromJson(parseJson(fixtures::readFile(copy), "plan"),
                                         *open.session.checkpoint(), "plan");
    ASSERT_EQ(plan.entries.size(), 1U);
    EXPECT_EQ(plan.entries[0].matrix.name, q0);
    EXPECT_EQ(plan.entries[0].rank, 5);
}

TEST_F(WindowTest, CompressCanBeCancelledAndFailuresAreSaid) {
    show();
    open.session.setSelection({q0}, q0);
    open.session.setRank(5);
    open.session.setProgram(uitest::fakeProgram(
        open.folder,
        untilInterrupted(R"(echo '{"event":"progress","fraction":0.5,"label":"q"}')")));
    CompressDialog dialog(&open.session, &window);
    dialog.show();
    find<QLineEdit>(dialog, "folder")
        ->setText(QString::fromStdString((open.folder / "smaller").string()));
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(find<JobSlot>(dialog)->isRunning());
    uitest::settle();
    EXPECT_FALSE(find<QPushButton>(dialog, "start")->isEnabled());
    QTest::mouseClick(find<QPushButton>(dialog, "stop"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }));
    EXPECT_TRUE(find<QPushButton>(dialog, "start")->isEnabled());
    open.session.setProgram("/nowhere/rankscope-cli");
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }));
    EXPECT_TRUE(find<QLabel>(dialog, "result")->text().contains("/nowhere/rankscope-cli"));
}

TEST_F(WindowTest, EveryControlHasAnAccessibleNameAndTabReachesThePlots) {
    show();
    for (QWidget* widget : window.findChildren<QWidget*>()) {
        const bool own = qobject_cast<QAbstractButton*>(widget) ||
                         qobject_cast<QLineEdit*>(widget) || qobject_cast<QComboBox*>(widget) ||
                         qobject_cast<QSlider*>(widget) || qobject_cast<QSpinBox*>(widget) ||
                         qobject_cast<QTreeView*>(widget) || qobject_cast<RankPlot*>(widget);
        // Parts that Qt makes inside its own widgets have names of their own.
        const bool inner = widget->objectName().startsWith("qt_") ||
                           qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) ||
                           qobject_cast<QLineEdit*>(widget->parentWidget()) ||
                           qobject_cast<QTabBar*>(widget->parentWidget());
        if (own && !inner && widget->focusPolicy() != Qt::NoFocus) {
            EXPECT_FALSE(widget->accessibleName().isEmpty())
                << widget->metaObject()->className() << " " << widget->objectName().toStdString();
        }
    }
    bool reached = false;
    QWidget* next = find<QTreeView>(window, "matrices");
    for (int i = 0; i < 200 && !reached; ++i) {
        next = next->nextInFocusChain();
        reached = next == find<RankPlot>(window, "spectrumPlot");
    }
    EXPECT_TRUE(reached);
    EXPECT_TRUE(find<RankPlot>(window, "spectrumPlot")->focusPolicy() & Qt::TabFocus);
}

TEST_F(WindowTest, NoTextIsCutAtTheDefaultSize) {
    show();
    EXPECT_EQ(window.size(), QSize(1280, 800));
    for (QLabel* label : window.findChildren<QLabel*>())
        if (label->isVisible() && !label->wordWrap())
            EXPECT_GE(label->width(), label->sizeHint().width()) << label->text().toStdString();
    for (QAbstractButton* button : window.findChildren<QAbstractButton*>()) {
        if (button->isVisible() && !button->text().isEmpty()) {
            EXPECT_GE(button->width(), button->minimumSizeHint().width())
                << button->text().toStdString();
        }
    }
}

TEST_F(WindowTest, AMoveOfTheRankOfAllMatricesMakesOnePlan) {
    show();
    std::vector<std::string> names;
    for (const auto& matrix : open.session.linearMatrices()) names.push_back(matrix.name);
    open.session.setSelection(names, names.front());
    const QSignalSpy plans(&open.session, &Session::planChanged);
    for (int rank = 1; rank <= 20; ++rank) open.session.setRank(rank);
    EXPECT_EQ(plans.count(), 20);
    ASSERT_TRUE(open.session.plan());
    EXPECT_EQ(open.session.plan()->entries.size(), names.size());
    EXPECT_EQ(open.session.plan()->entries.back().rank, 20);
}

}  // namespace
}  // namespace rankscope::ui
