// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/evaluation_page.h"

#include <gtest/gtest.h>

#include <QClipboard>
#include <QFile>
#include <QHeaderView>
#include <QImage>
#include <QTest>
#include <QTextCursor>
#include <cmath>

#include "core/report/evaluation_table.h"
#include "tests/ui/evaluation_fixture.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/main_window.h"

namespace rankscope::ui {
namespace {

using uitest::find;
using uitest::threeRuns;

class EvaluationPageTest : public ::testing::Test {
 protected:
    void SetUp() override {
        window.show();
        open.open();
        window.activateWindow();
        ASSERT_TRUE(uitest::waitUntil([&] { return window.isActiveWindow(); }));
        QTest::keyClick(&window, Qt::Key_2, Qt::ControlModifier);
    }
    void showResult() {
        ASSERT_TRUE(open.session.setEvaluation(toJson(threeRuns(), true)));
        uitest::settle();
    }
    EvaluationPage* page() { return window.evaluationPage(); }
    QString cell(int row, const char* key) {
        auto* results = find<EvaluationResults>(page());
        return find<ResultTable>(results)
            ->model()
            ->index(row, find<TableModel>(results)->columnOf(key))
            .data()
            .toString();
    }
    static QString copied() { return QApplication::clipboard()->text(); }

    uitest::OpenSession open;
    MainWindow window{&open.session};
};

TEST_F(EvaluationPageTest, IsReachedByKeyAndTabAndSaysWhatToDo) {
    EXPECT_TRUE(page()->isVisible());
    EXPECT_TRUE(find<QLabel>(page(), "empty")->isVisible());
    EXPECT_TRUE(find<QLabel>(page(), "empty")->text().contains("Evaluate"));
    EXPECT_FALSE(find<QTabWidget>(page(), "evaluationTabs")->isTabEnabled(1));
    EXPECT_TRUE(find<QPushButton>(page(), "evaluate")->isEnabled());
    QTest::mouseClick(find<QTabBar>(window, "pages"), Qt::LeftButton, {},
                      find<QTabBar>(window, "pages")->tabRect(0).center());
    EXPECT_FALSE(page()->isVisible());
    EXPECT_TRUE(window.spectraPage()->isVisible());
    QTest::mouseClick(find<QTabBar>(window, "pages"), Qt::LeftButton, {},
                      find<QTabBar>(window, "pages")->tabRect(1).center());
    EXPECT_TRUE(page()->isVisible());
}

TEST_F(EvaluationPageTest, TheTableHoldsTheRunsAndSurvivesSwitchingPages) {
    showResult();
    EXPECT_FALSE(find<QLabel>(page(), "empty")->isVisible());
    EXPECT_EQ(cell(0, "rouge1"), "50.00");
    EXPECT_EQ(cell(2, "rouge1"), "30.00\n▼ -20.00\n[-20.00, -20.00]");
    EXPECT_TRUE(
        find<QLabel>(page(), "heading")->text().startsWith("4 dialogues, 1 cut; cpu, float32"));
    find<QTabBar>(window, "pages")->setCurrentIndex(0);
    find<QTabBar>(window, "pages")->setCurrentIndex(1);
    EXPECT_EQ(cell(2, "loss"), "2.0000\n+0.0000\n[+0.0000, +0.0000]");
}

TEST_F(EvaluationPageTest, AClickOnATitleSortsAndAThirdOneBringsTheOrderBack) {
    showResult();
    auto* table = find<ResultTable>(page(), "results");
    auto* header = table->horizontalHeader();
    const int column = find<TableModel>(find<EvaluationResults>(page()))->columnOf("rouge1");
    table->scrollTo(table->model()->index(0, column));
    const auto click = [&] {
        QTest::mouseClick(
            header->viewport(), Qt::LeftButton, {},
            QPoint(header->sectionViewportPosition(column) + header->sectionSize(column) / 2,
                   header->height() / 2));
    };
    const auto first = [&] { return table->model()->headerData(0, Qt::Vertical).toString(); };
    click();
    EXPECT_EQ(first(), "quarter");
    click();
    EXPECT_EQ(first(), "demo\nbaseline");
    table->sortByColumn(column, Qt::AscendingOrder);
    EXPECT_EQ(first(), "quarter");
    click();
    click();
    EXPECT_EQ(header->sortIndicatorSection(), -1);
    EXPECT_EQ(first(), "demo\nbaseline");
}

TEST_F(EvaluationPageTest, PinningMakesEveryDifferenceOneToThatRun) {
    showResult();
    auto* results = find<EvaluationResults>(page());
    EXPECT_FALSE(find<QPushButton>(results, "pin")->isEnabled());
    find<ResultTable>(results)->setCurrentIndex(find<ResultTable>(results)->model()->index(2, 0));
    ASSERT_TRUE(find<QPushButton>(results, "pin")->isEnabled());
    QTest::mouseClick(find<QPushButton>(results, "pin"), Qt::LeftButton);
    EXPECT_EQ(find<TableModel>(results)->headerData(0, Qt::Vertical, Qt::DisplayRole),
              "quarter\nbaseline");
    EXPECT_EQ(cell(1, "rouge1"), "50.00\n▲ +20.00\n[+20.00, +20.00]");
    EXPECT_EQ(cell(2, "loss"), "2.1000\n▲ +0.1000\n[+0.1000, +0.1000]");
    // Back again: the first baseline's differences are those of before.
    const QString before = QString::fromStdString(report::evaluationTsv(threeRuns()));
    find<ResultTable>(results)->setCurrentIndex(find<ResultTable>(results)->model()->index(1, 0));
    QTest::mouseClick(find<QPushButton>(results, "pin"), Qt::LeftButton);
    EXPECT_EQ(find<TableModel>(results)->headerData(0, Qt::Vertical, Qt::DisplayRole),
              "demo\nbaseline");
    EXPECT_EQ(cell(1, "rouge1"), "30.00\n▼ -20.00\n[-20.00, -20.00]");
}

TEST_F(EvaluationPageTest, WithoutDialoguesNothingCanBePinned) {
    open.session.setEvaluation(toJson(threeRuns(), false));
    find<ResultTable>(page(), "results")
        ->setCurrentIndex(find<ResultTable>(page(), "results")->model()->index(1, 0));
    EXPECT_FALSE(find<QPushButton>(page(), "pin")->isEnabled());
    EXPECT_FALSE(find<QTabWidget>(page(), "evaluationTabs")->isTabEnabled(1));
    EXPECT_EQ(cell(2, "rouge1"), "30.00\n▼ -20.00\n[-20.00, -20.00]");
}

TEST_F(EvaluationPageTest, CopiesTheTableAndTheSelectedCells) {
    showResult();
    const auto actions = find<QMenu>(page(), "copyMenu")->actions();
    ASSERT_EQ(actions.size(), 3);
    const auto evaluation = threeRuns();
    actions[0]->trigger();
    EXPECT_EQ(copied().toStdString(), report::evaluationTsv(evaluation));
    actions[1]->trigger();
    EXPECT_EQ(copied().toStdString(), report::evaluationMarkdown(evaluation));
    actions[2]->trigger();
    EXPECT_EQ(copied().toStdString(), report::evaluationLatex(evaluation));
    auto* table = find<ResultTable>(page(), "results");
    const int column = find<TableModel>(find<EvaluationResults>(page()))->columnOf("rouge1");
    table->clearSelection();
    for (const int row : {0, 2}) {
        for (const int offset : {0, 1}) {
            table->selectionModel()->select(table->model()->index(row, column + offset),
                                            QItemSelectionModel::Select);
        }
    }
    QTest::keyClick(table, Qt::Key_C, Qt::ControlModifier);
    EXPECT_EQ(copied(), "50.00\t20.00\n30.00 ▼ -20.00 [-20.00, -20.00]\t" +
                            cell(2, "rouge2").replace('\n', ' '));
}

TEST_F(EvaluationPageTest, ABadDocumentIsASentenceAndTheOldResultStays) {
    showResult();
    EXPECT_FALSE(open.session.setEvaluation(parseJson(R"({"runs":[{}]})", "x")));
    EXPECT_TRUE(find<QWidget>(window, "messageBar")->isVisible());
    EXPECT_TRUE(find<QLabel>(window, "messageText")->text().contains("evaluation"));
    EXPECT_EQ(cell(0, "rouge1"), "50.00");
}

TEST_F(EvaluationPageTest, TheChartShowsTheChosenMetricAndIsExported) {
    showResult();
    auto* chart = find<EvaluationChart>(page());
    EXPECT_EQ(find<QComboBox>(chart, "metric")->currentData(), "rouge1");
    ASSERT_EQ(find<BarPlot>(chart)->bars().bars.size(), 3U);
    EXPECT_EQ(find<BarPlot>(chart)->bars().bars[2].value, 30);
    EXPECT_EQ(find<BarPlot>(chart)->plottableCount(), 6);  // bars and their error bars
    EXPECT_TRUE(
        find<BarPlot>(chart)->accessibleDescription().contains("quarter: 30.00 (25 to 35)"));
    find<QComboBox>(chart, "show")->setCurrentIndex(1);
    ASSERT_EQ(find<BarPlot>(chart)->bars().bars.size(), 2U);
    EXPECT_EQ(find<BarPlot>(chart)->bars().bars[1].value, -20);
    find<QComboBox>(chart, "metric")
        ->setCurrentIndex(find<QComboBox>(chart, "metric")->findData("parameters"));
    EXPECT_EQ(find<BarPlot>(chart)->bars().bars[0].value, -1000);
    const auto file = [&](const char* name) {
        return QString::fromStdString((open.folder / name).string());
    };
    for (const char* name : {"c.png", "c.pdf", "c.svg"}) chart->writeTo(file(name));
    EXPECT_EQ(QImage(file("c.png")).size(), QSize(1890, 1181));  // 160 x 100 mm at 300 dpi
    EXPECT_TRUE(fixtures::readFile(open.folder / "c.pdf").starts_with("%PDF"));
    EXPECT_NE(fixtures::readFile(open.folder / "c.svg").find("Parameters"), std::string::npos);
    // Another result keeps the chosen metric.
    showResult();
    EXPECT_EQ(find<QComboBox>(chart, "metric")->currentData(), "parameters");
}

/// The words of a text that are marked, all of bold, underline and background.
QStringList marked(QTextEdit* edit) {
    QStringList words;
    const QString text = edit->toPlainText();
    QString word;
    for (int i = 0; i < text.size(); ++i) {
        QTextCursor cursor(edit->document());
        cursor.setPosition(i + 1);
        const auto format = cursor.charFormat();
        const bool on = format.fontWeight() >= QFont::Bold && format.fontUnderline() &&
                        format.background().style() != Qt::NoBrush;
        if (on) word += text[i];
        if ((!on || i + 1 == text.size()) && !word.isEmpty()) {
            words << word;
            word.clear();
        }
    }
    return words;
}

TEST_F(EvaluationPageTest, DialoguesAreShownOneByOneWithDifferingWordsMarked) {
    showResult();
    find<QTabWidget>(page(), "evaluationTabs")->setCurrentIndex(1);
    auto* view = find<DialogueView>(page());
    EXPECT_EQ(view->currentSample(), 0);
    EXPECT_EQ(find<QTextEdit>(view, "source")->toPlainText(), "Anna: I will go <now> for milk.");
    EXPECT_EQ(find<QTextEdit>(view, "reference")->toPlainText(), "Anna buys milk.");
    EXPECT_EQ(find<QTextEdit>(view, "left")->toPlainText(), "Anna will buy milk .");
    EXPECT_EQ(find<QTextEdit>(view, "right")->toPlainText(), "Anna will buy bread .");
    EXPECT_EQ(marked(find<QTextEdit>(view, "left")), QStringList{"milk"});
    EXPECT_EQ(marked(find<QTextEdit>(view, "right")), QStringList{"bread"});
    find<QComboBox>(view, "rightRun")->setCurrentIndex(2);
    EXPECT_EQ(find<QTextEdit>(view, "right")->toPlainText(), "Ben sleeps .");
    EXPECT_EQ(marked(find<QTextEdit>(view, "left")), QStringList{"Anna will buy milk"});
    EXPECT_EQ(find<ResultTable>(view)->model()->index(0, 6).data(), "-20.00");
    QTest::keyClick(view, Qt::Key_Down, Qt::AltModifier);
    QTest::keyClick(view, Qt::Key_Down, Qt::AltModifier);
    EXPECT_EQ(view->currentSample(), 2);
    EXPECT_EQ(find<QTextEdit>(view, "source")->toPlainText(), "Cleo: A very long story.");
    QTest::keyClick(view, Qt::Key_Up, Qt::AltModifier);
    EXPECT_EQ(view->currentSample(), 1);
    QTest::keyClicks(find<QLineEdit>(view, "dialogueFilter"), "milk dora");
    EXPECT_EQ(view->currentSample(), 3);
    EXPECT_EQ(find<QTextEdit>(view, "source")->toPlainText(), "Dora: Milk again?");
    EXPECT_FALSE(find<QPushButton>(view, "next")->isEnabled());
    QTest::keyClicks(find<QLineEdit>(view, "dialogueFilter"), " zebra");
    EXPECT_EQ(view->currentSample(), -1);
    EXPECT_EQ(find<QTextEdit>(view, "source")->toPlainText(), "");
}

double luminance(const QColor& color) {
    const auto part = [](double c) {
        return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * part(color.redF()) + 0.7152 * part(color.greenF()) +
           0.0722 * part(color.blueF());
}

TEST_F(EvaluationPageTest, MarksCanBeReadInLightAndDarkThemes) {
    showResult();
    find<QTabWidget>(page(), "evaluationTabs")->setCurrentIndex(1);
    auto* view = find<DialogueView>(page());
    QPalette dark;
    dark.setColor(QPalette::Base, QColor(30, 30, 30));
    dark.setColor(QPalette::Text, Qt::white);
    for (const QPalette& palette : {view->palette(), dark}) {
        view->setPalette(palette);
        uitest::settle();
        QTextCursor cursor(find<QTextEdit>(view, "left")->document());
        cursor.setPosition(static_cast<int>(QString("Anna will buy m").size()));
        const double a = luminance(cursor.charFormat().background().color());
        const double b = luminance(cursor.charFormat().foreground().color());
        EXPECT_GE((std::max(a, b) + 0.05) / (std::min(a, b) + 0.05), 4.5);
    }
}

TEST_F(EvaluationPageTest, EveryControlHasANameAndNoTextIsCut) {
    showResult();
    EXPECT_EQ(window.size(), QSize(1280, 800));
    for (const int tab : {0, 1}) {
        find<QTabWidget>(page(), "evaluationTabs")->setCurrentIndex(tab);
        uitest::settle();
        for (QWidget* widget : page()->findChildren<QWidget*>()) {
            const bool own = qobject_cast<QAbstractButton*>(widget) ||
                             qobject_cast<QComboBox*>(widget) || qobject_cast<QLineEdit*>(widget) ||
                             qobject_cast<QSpinBox*>(widget) || qobject_cast<QTableView*>(widget) ||
                             qobject_cast<QTextEdit*>(widget) || qobject_cast<QListWidget*>(widget);
            const bool inner = widget->objectName().startsWith("qt_") ||
                               qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) ||
                               qobject_cast<QLineEdit*>(widget->parentWidget()) ||
                               qobject_cast<QTableView*>(widget->parentWidget()) ||
                               qobject_cast<QTabBar*>(widget->parentWidget());
            if (own && !inner && widget->focusPolicy() != Qt::NoFocus) {
                EXPECT_FALSE(widget->accessibleName().isEmpty())
                    << widget->metaObject()->className();
            }
        }
        for (QLabel* label : page()->findChildren<QLabel*>())
            if (label->isVisible() && !label->wordWrap())
                EXPECT_GE(label->width(), label->sizeHint().width()) << label->text().toStdString();
        for (QAbstractButton* button : page()->findChildren<QAbstractButton*>()) {
            if (button->isVisible() && !button->text().isEmpty()) {
                EXPECT_GE(button->width(), button->minimumSizeHint().width())
                    << button->text().toStdString();
            }
        }
    }
}

}  // namespace
}  // namespace rankscope::ui
