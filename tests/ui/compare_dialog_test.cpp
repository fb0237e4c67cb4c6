// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/compare_dialog.h"

#include <gtest/gtest.h>

#include <QTest>
#include <cmath>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/report/comparison_table.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/plots/figure_renderer.h"

namespace rankscope::ui {
namespace {

using uitest::fakeProgram;
using uitest::find;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";
const std::string v0 = "encoder.block.0.layer.0.SelfAttention.v.weight";

/// A and B differ in their last two singular values; the document of `compare --json`.
Json document() {
    const auto matrix = [](const std::string& name, double relative) {
        spectra::MatrixComparison one;
        one.name = name;
        one.a = spectra::Spectrum(name, 4, 3, {4, 2, 1});
        one.b = spectra::Spectrum(name, 4, 3, {4, 0, 0});
        one.difference = spectra::Spectrum(name, 4, 3, {2, 1, 0});
        one.relativeDifference = relative;
        one.rank90 = one.rank99 = one.numericalRank = 2;
        one.directionsA = 3;
        one.directionsB = 1;
        one.leftCosines = {1, 0.5};
        one.rightCosines = {1, 0.25};
        return report::toJson(one);
    };
    return {{"a", "A"},
            {"b", "B"},
            {"matrices", {matrix(q0, 0.5), matrix(v0, 0.25)}},
            {"skipped", {{{"name", "x"}, {"reason", "It is in A only."}}}}};
}

class CompareDialogTest : public ::testing::Test {
 protected:
    void SetUp() override { open.open(); }
    std::string path(const char* name) { return (open.folder / name).string(); }
    QString answering(const Json& result) {
        const Json event = {{"event", "done"}, {"result", result}};
        fixtures::writeFile(open.folder / "answer", event.dump() + "\n");
        return fakeProgram(open.folder, "for a; do echo \"$a\"; done > '" + path("seen") +
                                            "'\ncat '" + path("answer") + "'\n");
    }
    bool compareWith(CompareDialog& dialog, const QString& other) {
        find<QLineEdit>(dialog, "other")->setText(other);
        QTest::mouseClick(find<QPushButton>(dialog, "compare"), Qt::LeftButton);
        return uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); });
    }
    uitest::OpenSession open;
};

TEST_F(CompareDialogTest, ShowsMatricesAndTheSelectedOnesSpectra) {
    open.session.setProgram(answering(document()));
    CompareDialog dialog(&open.session);
    dialog.show();
    EXPECT_FALSE(find<QPushButton>(dialog, "compare")->isEnabled());
    EXPECT_FALSE(find<ResultTable>(dialog)->isVisible());
    ASSERT_TRUE(compareWith(dialog, "/models/other one"));
    const QStringList words{
        "compare", open.session.location(), "/models/other one", "--directions", "16", "--events"};
    EXPECT_EQ(fixtures::readFile(path("seen")), words.join('\n').toStdString() + "\n");
    auto* model = find<ResultTable>(dialog)->model();
    ASSERT_EQ(model->rowCount(), 2);
    const auto columns = report::comparisonColumns();
    ASSERT_EQ(model->columnCount(), static_cast<int>(columns.size()));
    for (int c = 0; c < model->columnCount(); ++c) {
        EXPECT_EQ(model->headerData(c, Qt::Horizontal).toString().toStdString(),
                  columns[static_cast<std::size_t>(c)].title);
    }
    EXPECT_EQ(model->index(0, 0).data(), "encoder 0 SelfAttention.q");
    EXPECT_EQ(model->index(0, 0).data(Qt::ToolTipRole).toString(),
              QString::fromStdString(q0) + ", 4 × 3");
    EXPECT_EQ(model->index(0, 3).data(), "0.500000");
    EXPECT_EQ(model->index(0, 9).data(), "0.5000");
    EXPECT_EQ(model->index(0, 10).data(), "0.2500");
    EXPECT_TRUE(find<QLabel>(dialog, "note")->text().contains("2 matrices, 1 not compared"));
    EXPECT_TRUE(find<QLabel>(dialog, "note")->toolTip().contains("It is in A only."));
    const auto& curves = find<RankPlot>(dialog)->plotData().curves;
    ASSERT_EQ(curves.size(), 3U);
    EXPECT_EQ(curves[0].y, (std::vector<double>{4, 2, 1}));
    EXPECT_EQ(curves[1].y[0], 4);
    EXPECT_TRUE(std::isnan(curves[1].y[1]));  // 0 has no place on a logarithmic axis
    EXPECT_EQ(curves[2].y[1], 1);
    QTest::keyClick(find<RankPlot>(dialog), Qt::Key_Home);
    QTest::keyClick(find<RankPlot>(dialog), Qt::Key_Right);
    EXPECT_TRUE(find<RankPlot>(dialog)->readout().contains("i = 2   σ of A 2, of B 0, of A − B 1"));
    find<ResultTable>(dialog)->sortByColumn(3, Qt::AscendingOrder);
    find<ResultTable>(dialog)->selectRow(0);
    EXPECT_TRUE(find<RankPlot>(dialog)->readout().startsWith("encoder 0 SelfAttention.v"));
    EXPECT_EQ(dialog.csv().substr(0, 30), "name,rows,columns,relative_dif");
    report::FigureRequest figure = dialog.figure();
    figure.out = path("c.svg");
    renderFigure(figure);
    EXPECT_NE(fixtures::readFile(path("c.svg")).find("SelfAttention.v"), std::string::npos);
}

TEST_F(CompareDialogTest, SaysWhyItFailed) {
    open.session.setProgram(fakeProgram(open.folder, R"SH(
echo '{"event":"error","message":"There is no chosen matrix in common.","subject":"","exit_code":1}'
exit 1
)SH"));
    CompareDialog dialog(&open.session);
    dialog.show();
    ASSERT_TRUE(compareWith(dialog, "/models/other"));
    bool said = false;
    for (const auto* label : dialog.findChildren<QLabel*>())
        said = said || (label->isVisible() && label->text().contains("no chosen matrix in common"));
    EXPECT_TRUE(said);
    EXPECT_FALSE(find<ResultTable>(dialog)->isVisible());
    EXPECT_TRUE(find<QPushButton>(dialog, "compare")->isEnabled());
}

TEST(ComparisonJson, ComesBackAsItWas) {
    const Json matrix = document()["matrices"][0];
    const auto read = [](const Json& json) {
        return report::comparisonFromJson(JsonReader(json, "The matrix", "Compare again."));
    };
    EXPECT_EQ(report::toJson(read(matrix)), matrix);
    EXPECT_THROW(read(Json{{"name", 1}}), Error);
}

}  // namespace
}  // namespace rankscope::ui
