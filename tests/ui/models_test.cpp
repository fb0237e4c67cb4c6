// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <functional>

#include "tests/ui/ui_fixture.h"
#include "ui/models/matrix_filter.h"
#include "ui/models/matrix_tree_model.h"

namespace rankscope::ui {
namespace {

constexpr auto testerMode = QAbstractItemModelTester::FailureReportingMode::Fatal;

/// Tensor names of all matrices that a model shows.
std::vector<std::string> shown(const QAbstractItemModel& model, const QModelIndex& parent = {}) {
    std::vector<std::string> names;
    for (int row = 0; row < model.rowCount(parent); ++row) {
        const QModelIndex index = model.index(row, 0, parent);
        const QString name = index.data(MatrixTreeModel::TensorNameRole).toString();
        if (!name.isEmpty()) names.push_back(name.toStdString());
        const auto below = shown(model, index);
        names.insert(names.end(), below.begin(), below.end());
    }
    return names;
}

TEST(MatrixTreeModel, IsAConsistentModelThroughOpeningAndRanks) {
    uitest::OpenSession open;
    MatrixTreeModel model(&open.session);
    const QAbstractItemModelTester tester(&model, testerMode);
    MatrixFilter filter;
    filter.setSourceModel(&model);
    const QAbstractItemModelTester filterTester(&filter, testerMode);
    EXPECT_EQ(model.rowCount(), 0);
    open.open();
    open.session.setSelection({open.session.linearMatrices().front().name});
    open.session.setRank(3);
    filter.setText("wi_?");
    filter.setText("");
    open.open();
    EXPECT_EQ(shown(model).size(), open.session.checkpoint()->matrices().size());
}

TEST(MatrixTreeModel, ShowsShapeRankAndShare) {
    uitest::OpenSession open;
    MatrixTreeModel model(&open.session);
    open.open();
    const std::string name = "encoder.block.1.layer.0.SelfAttention.q.weight";
    const auto index = model.indexOfMatrix(name);
    ASSERT_TRUE(index.isValid());
    EXPECT_EQ(index.data().toString(), "SelfAttention.q");
    EXPECT_EQ(index.parent().data().toString(), "block 1");
    EXPECT_EQ(index.parent().parent().data().toString(), "encoder");
    EXPECT_EQ(index.siblingAtColumn(MatrixTreeModel::ShapeColumn).data().toString(), "24 × 32");
    const auto rank = index.siblingAtColumn(MatrixTreeModel::RankColumn);
    EXPECT_EQ(rank.data().toString(), "full");
    open.session.setSelection({name});
    open.session.setRank(9);
    EXPECT_EQ(rank.data().toString(), "9");
    const double whole = static_cast<double>(open.session.checkpoint()->denseParameterCount());
    EXPECT_EQ(index.siblingAtColumn(MatrixTreeModel::ShareColumn).data().toString(),
              QString::asprintf("%.2f %%", 100 * 24 * 32 / whole));
}

TEST(MatrixFilter, FindsByRolePatternAndPartOfTheName) {
    uitest::OpenSession open;
    MatrixTreeModel model(&open.session);
    MatrixFilter filter;
    filter.setSourceModel(&model);
    open.open();
    const auto count = [&](const QString& text,
                           const std::function<bool(const std::string&)>& fits) {
        filter.setText(text);
        const auto names = shown(filter);
        EXPECT_TRUE(std::all_of(names.begin(), names.end(), fits)) << text.toStdString();
        return names.size();
    };
    const auto has = [](const char* part) {
        return [part](const std::string& name) { return name.find(part) != name.npos; };
    };
    // 2 encoder blocks with one attention, 2 decoder blocks with two
    EXPECT_EQ(count("o", has("ttention.o.")), 6U);
    EXPECT_EQ(count("decoder k", has(".k.")), 4U);
    EXPECT_EQ(count("*wi_?.*", has(".wi_")), 8U);
    EXPECT_EQ(count("encdec", has("EncDecAttention")), 8U);
    EXPECT_EQ(count("[", has("")), 0U);
    EXPECT_EQ(filter.rowCount(), 0);
    EXPECT_EQ(count("", has("")), open.session.checkpoint()->matrices().size());
}

}  // namespace
}  // namespace rankscope::ui
