// SPDX-License-Identifier: GPL-3.0-or-later
// The Compress dialog with the real rankscope-cli on the demo model: each method on ranks that were
// chosen by hand, or that a front of another method brought.
#include <gtest/gtest.h>

#include <QProcess>
#include <QTest>

#include "core/base/own_path.h"
#include "core/checkpoint/selection.h"
#include "core/method/method.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/search/pareto.h"
#include "tests/fixtures/tiny_t5.h"
#include "tests/ui/find.h"
#include "tests/ui/ui_fixture.h"
#include "ui/dialogs/compress_dialog.h"
#include "ui/main_window.h"
#include "ui/models/matrix_tree_model.h"

namespace rankscope::ui {
namespace {

using uitest::enter;
using uitest::find;

namespace fs = std::filesystem;

constexpr int longest = 200'000;  // milliseconds; the real program computes
constexpr std::int64_t rank = 20;

class CompressMethods : public ::testing::Test {
 protected:
    void SetUp() override {
        window.show();
        ASSERT_TRUE(session.open("demo"));
        ASSERT_TRUE(uitest::waitUntil([&] { return !session.spectraJob()->isRunning(); }, longest));
        calibration = fs::path(folder / "c.h5");
        run({"calibrate", "demo", "--data", (sharedResource("demo") / "test.json").c_str(),
             "--samples", "6", "--held-out", "2", "--fisher", "--out", calibration.c_str()});
        session.setCalibrationFile(QString::fromStdString(calibration.string()));
    }

    /// The command line, which must do what is asked.
    static void run(QStringList words) {
        QProcess process;
        process.start(Job::defaultProgram(), words << "--device"
                                                   << "cpu"
                                                   << "--quiet");
        ASSERT_TRUE(process.waitForFinished(longest));
        ASSERT_EQ(process.exitCode(), 0) << process.readAllStandardError().toStdString();
    }

    std::vector<checkpoint::WeightMatrix> attention() const {
        return checkpoint::selectMatrices(session.checkpoint()->matrices(), {"attention", {}});
    }

    void chooseRanksByHand() {
        std::vector<std::string> names;
        for (const auto& matrix : attention()) names.push_back(matrix.name);
        session.setSelection(names, names.front());
        auto* field = find<QSpinBox>(window, "rankField");
        field->selectAll();
        QTest::keyClicks(field, QString::number(rank));
        QTest::keyClick(field, Qt::Key_Return);
        ASSERT_TRUE(session.plan());
        ASSERT_EQ(session.plan()->entries.size(), names.size());
    }

    static std::string stateOf(const CompressDialog& dialog) {
        for (const QLabel* label : dialog.findChildren<QLabel*>())
            if (label->accessibleName() == "What is being done") return label->text().toStdString();
        return {};
    }

    /// Compresses by `method` as a user would.
    Json compressBy(const QString& method) {
        const fs::path out = folder / method.toStdString();
        CompressDialog dialog(&session, &window);
        dialog.show();
        auto* box = find<QComboBox>(dialog, "method");
        QTest::keyClicks(box, method);
        EXPECT_EQ(box->currentText(), method);
        QTest::keyClicks(find<QLineEdit>(dialog, "folder"), QString::fromStdString(out.string()));
        QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
        EXPECT_TRUE(
            uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }, longest));
        EXPECT_EQ(stateOf(dialog), "Done.");
        const QString text = find<QLabel>(dialog, "result")->text();
        EXPECT_TRUE(text.contains("Verified")) << method.toStdString() << text.toStdString();
        return fs::exists(out) ? parseJson(fixtures::readFile(out / "rankscope.json"), "record")
                               : Json();
    }

    /// What was written is of that method, its prediction is no longer that of svd, and the command
    /// line writes the same numbers.
    void expectMethod(const Json& record, const std::string& method) {
        ASSERT_TRUE(record.is_object()) << method;
        bool apart = false;
        for (const Json& layer : record.at("layers")) {
            EXPECT_EQ(layer.at("method"), method);
            const auto* spectrum = session.spectrum(layer.at("name").get<std::string>());
            ASSERT_TRUE(spectrum);
            const double least = spectrum->relativeError(rank);
            const double predicted = layer.at("predicted_error").get<double>();
            EXPECT_GE(predicted, least - 1e-9) << method;
            EXPECT_NEAR(layer.at("relative_error").get<double>(), predicted, 1e-5) << method;
            apart = apart || predicted > least + 1e-4;
        }
        EXPECT_EQ(apart, method != "svd") << method;
        const std::string again = folder / (method + "-again");
        QStringList words{"compress", "demo",     "--targets",    "attention", "--rank",
                          "20",       "--method", method.c_str(), "--out",     again.c_str()};
        if (method::methodNamed(method).needs != method::MethodNeeds::Nothing)
            words << "--calibration" << calibration.c_str();
        if (method::methodNamed(method).hasRidge) {
            words << "--ridge"
                  << "0.01";  // the form's; else the command line would choose one
        }
        run(words);
        const Json other =
            parseJson(fixtures::readFile(fs::path(again) / "rankscope.json"), "other");
        EXPECT_EQ(record.at("tensors_sha256"), other.at("tensors_sha256")) << method;
    }

    fixtures::TempFolder folder;
    fs::path calibration;
    Session session;
    MainWindow window{&session};
};

TEST_F(CompressMethods, EachWorksOnRanksChosenByHand) {
    chooseRanksByHand();
    for (const method::Method& method : method::methods()) {
        if (method.cutsHeads) continue;  // ranks are not its own
        const std::string name(method.name);
        expectMethod(compressBy(QString::fromStdString(name)), name);
        EXPECT_EQ(session.method(), "svd");  // the current plan stays as it is
    }
}

TEST_F(CompressMethods, AnotherOneWorksOnAPointOfAFront) {
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(rank)};
    search::ParetoFront front;
    front.denseParameters = session.checkpoint()->denseParameterCount();
    for (const char* method : {"svd", "whitened"}) {
        options.method = method;
        search::ParetoPoint point;
        point.method = method;
        point.allocation = "uniform";
        point.plan = plan::makePlan(*session.checkpoint(), attention(), session.spectra(), options);
        point.plan.allocation = "uniform";
        point.plan.calibrationFile = calibration;
        front.points.push_back(point);
    }
    FrontRun* run = find<FrontRun>(window);
    run->take(toJson(front, true), plan::StorageChoice::Auto);
    run->choose(0, "svd, uniform, 60 %");
    ASSERT_TRUE(session.plan() && session.plan()->entries.front().relativeError);
    expectMethod(compressBy("whitened"), "whitened");
    run->choose(1, "whitened, uniform, 60 %");
    ASSERT_EQ(session.method(), "whitened");
    expectMethod(compressBy("svd"), "svd");
    expectMethod(compressBy("diagonal"), "diagonal");
}

TEST_F(CompressMethods, ASlimPointOfAFrontIsShownCompressedAndLeftByHand) {
    plan::PlanOptions options;
    options.method = "slim";
    options.target = {plan::RankTarget::Kind::Ratio, 0.5};
    search::ParetoFront front;
    front.denseParameters = session.checkpoint()->denseParameterCount();
    search::ParetoPoint point;
    point.method = "slim";
    point.allocation = "uniform";
    point.plan = plan::makePlan(*session.checkpoint(), session.linearMatrices(), {}, options);
    point.plan.allocation = "uniform";
    point.plan.calibrationFile = calibration;
    front.points.push_back(point);
    FrontRun* run = find<FrontRun>(window);
    run->take(toJson(front, true), plan::StorageChoice::Auto);
    run->choose(0, "slim, uniform, 60 %");
    ASSERT_TRUE(session.plan());
    EXPECT_EQ(session.method(), "slim");
    const MatrixTreeModel tree(&session);
    const QModelIndex block = tree.index(0, 0, tree.index(1, 0));
    ASSERT_GT(tree.rowCount(block), 6);
    const auto shown = [&](int row) {
        return tree.index(row, MatrixTreeModel::RankColumn, block).data().toString();
    };
    EXPECT_EQ(shown(0), "d_kv 12");   // of 24
    EXPECT_EQ(shown(4), "96 units");  // of 192
    EXPECT_TRUE(tree.index(0, 0, block)
                    .data(Qt::ToolTipRole)
                    .toString()
                    .contains("Dimensions left of each head: 12, 12, 12, 12"));
    {
        CompressDialog dialog(&session, &window);
        const auto* methods = find<QComboBox>(dialog, "method");
        ASSERT_EQ(methods->count(), 1);
        EXPECT_EQ(methods->itemText(0), "slim");
        const auto* storages = find<QComboBox>(dialog, "storage");
        ASSERT_EQ(storages->count(), 1);
        EXPECT_EQ(storages->itemText(0), "plain");
    }
    const fs::path out = folder / "slim";
    CompressDialog dialog(&session, &window);
    dialog.show();
    find<QLineEdit>(dialog, "folder")->setText(QString::fromStdString(out.string()));
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }, longest));
    ASSERT_EQ(stateOf(dialog), "Done.");
    EXPECT_EQ(checkpoint::openCheckpoint(out.string()).config().dKv, 12);
    session.setStorage(plan::StorageChoice::Factored);  // of the plans to come
    ASSERT_TRUE(session.plan());
    EXPECT_EQ(session.method(), "slim");
    session.setSelection({attention().front().name}, attention().front().name);
    session.setRank(9);
    ASSERT_TRUE(session.plan());
    EXPECT_EQ(session.method(), "svd");
    EXPECT_EQ(session.plan()->entries.size(), 1U);
    EXPECT_EQ(session.plan()->entries[0].rank, 9);
    EXPECT_EQ(shown(4), "full");
}

TEST_F(CompressMethods, ThePanelSaysWhichNumbersAreThoseOfSvd) {
    chooseRanksByHand();
    const auto captions = [&] {
        QStringList texts;
        for (const QLabel* label : find<PlanPanel>(window)->findChildren<QLabel*>())
            texts << label->text();
        return texts;
    };
    EXPECT_TRUE(captions().contains("Relative error"));
    EXPECT_TRUE(captions().contains("Cosine, predicted"));
    session.setPlan(plan::withMethod(*session.plan(), "whitened", {}, session.spectra()),
                    plan::StorageChoice::Auto, "whitened, uniform, 60 %");
    EXPECT_TRUE(captions().contains("Relative error, svd"));
    EXPECT_TRUE(captions().contains("Cosine, svd"));
    EXPECT_FALSE(captions().contains("Relative error"));
    EXPECT_FALSE(captions().contains("Cosine, predicted"));
    session.clearAllRanks();
    EXPECT_TRUE(captions().contains("Relative error"));
}

TEST_F(CompressMethods, AFailureWritesNothing) {
    chooseRanksByHand();
    const fs::path parent = folder / "parent";
    fs::create_directory(parent);
    CompressDialog dialog(&session, &window);
    dialog.show();
    enter(dialog, "method", "whitened");
    find<QLineEdit>(dialog, "folder")->setText(QString::fromStdString((parent / "out").string()));
    fs::remove(calibration);
    QTest::mouseClick(find<QPushButton>(dialog, "start"), Qt::LeftButton);
    ASSERT_TRUE(uitest::waitUntil([&] { return !find<JobSlot>(dialog)->isRunning(); }, longest));
    EXPECT_EQ(stateOf(dialog), "Failed. Nothing was written.");
    EXPECT_TRUE(find<QLabel>(dialog, "result")->text().contains("c.h5"));
    EXPECT_TRUE(fs::is_empty(parent));
}

}  // namespace
}  // namespace rankscope::ui
