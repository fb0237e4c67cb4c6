// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session.h"

#include <gtest/gtest.h>

#include <QFileInfo>
#include <QTest>
#include <csignal>

#include "core/base/error.h"
#include "core/plan/plan.h"
#include "tests/ui/ui_fixture.h"
#include "ui/session/job_events.h"

namespace rankscope::ui {
namespace {

using uitest::fakeProgram;
using uitest::OpenSession;

TEST(JobEvents, ProgressIsReadAndHeldWithinItsRange) {
    const auto event = parseJobEvent(R"({"event":"progress","fraction":1.5,"label":"q"})");
    ASSERT_TRUE(event);
    const auto* progress = std::get_if<ProgressEvent>(&*event);
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->fraction, 1.0);
    EXPECT_EQ(progress->label, "q");
}

TEST(JobEvents, SpectrumCarriesNameShapeAndValues) {
    const auto event = parseJobEvent(
        R"({"event":"spectrum","spectrum":{"name":"w","shape":[3,2],"singular_values":[2,0.5]}})");
    ASSERT_TRUE(event);
    const auto* found = std::get_if<SpectrumEvent>(&*event);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->spectrum.name(), "w");
    EXPECT_EQ(found->spectrum.rows(), 3);
    EXPECT_EQ(found->spectrum.columns(), 2);
    EXPECT_EQ(found->spectrum.singularValues(), (std::vector<double>{2, 0.5}));
}

TEST(JobEvents, UnknownEventsAreLeftAsideAndOtherLinesRefused) {
    EXPECT_FALSE(parseJobEvent(R"({"event":"of a later version"})"));
    EXPECT_THROW(parseJobEvent("loading ..."), Error);
    EXPECT_THROW(parseJobEvent("[1]"), Error);
    EXPECT_THROW(parseJobEvent(R"({"event":"spectrum","spectrum":{"name":"w"}})"), Error);
}

/// Everything a job sends.
struct Recorder {
    explicit Recorder(Job& job) {
        QObject::connect(&job, &Job::progressed,
                         [this](double f, const QString&) { fractions.push_back(f); });
        QObject::connect(&job, &Job::warned, [this](const QString& t) { warnings << t; });
        QObject::connect(&job, &Job::spectrumFound,
                         [this](const spectra::Spectrum& s) { spectra.push_back(s); });
        QObject::connect(&job, &Job::done, [this](const Json& j) { results.push_back(j); });
        QObject::connect(&job, &Job::failed, [this](const QString& t) { failures << t; });
        QObject::connect(&job, &Job::cancelled, [this] { ++cancels; });
        QObject::connect(&job, &Job::ended, [this] { ++ends; });
    }
    bool waitForEnd() {
        return uitest::waitUntil([this] { return ends > 0; });
    }
    std::vector<double> fractions;
    QStringList warnings, failures;
    std::vector<spectra::Spectrum> spectra;
    std::vector<Json> results;
    int cancels = 0;
    int ends = 0;
};

TEST(Job, ReportsEventsAndResultAndPassesItsArguments) {
    const fixtures::TempFolder folder;
    Job job("title", fakeProgram(folder, R"SH(
echo '{"event":"progress","fraction":0.25,"label":"a"}'
echo '{"event":"warning","message":"careful"}'
echo '{"event":"spectrum","spectrum":{"name":"w","shape":[2,2],"singular_values":[3,1]}}'
printf '{"event":"done","result":{"arguments":"%s"}}' "$*"
)SH"),
            {"spectrum", "demo"});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(seen.waitForEnd());
    EXPECT_EQ(seen.fractions, std::vector<double>{0.25});
    EXPECT_EQ(seen.warnings, QStringList{"careful"});
    ASSERT_EQ(seen.spectra.size(), 1U);
    EXPECT_EQ(seen.spectra[0].singularValues(), (std::vector<double>{3, 1}));
    ASSERT_EQ(seen.results.size(), 1U);
    EXPECT_EQ(seen.results[0].at("arguments"), "spectrum demo --events");
    EXPECT_TRUE(seen.failures.isEmpty());
    EXPECT_EQ(seen.ends, 1);
}

TEST(Job, FailsWithTheErrorEventsSentence) {
    const fixtures::TempFolder folder;
    Job job("title",
            fakeProgram(folder,
                        "echo '{\"event\":\"error\",\"message\":\"No such tensor.\"}'\n"
                        "exit 1\n"),
            {});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(seen.waitForEnd());
    EXPECT_EQ(seen.failures, QStringList{"No such tensor."});
    EXPECT_TRUE(seen.results.empty());
}

TEST(Job, FailsWithStderrWhereTheChildDiesWithoutAnEvent) {
    const fixtures::TempFolder folder;
    Job job("title", fakeProgram(folder, "echo 'libfoo is missing' >&2\nexit 127\n"), {});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(seen.waitForEnd());
    ASSERT_EQ(seen.failures.size(), 1);
    EXPECT_TRUE(seen.failures[0].contains("127")) << seen.failures[0].toStdString();
    EXPECT_TRUE(seen.failures[0].contains("libfoo is missing"));
}

TEST(Job, ACrashIsAFailureThatKeepsWhatWasFound) {
    const fixtures::TempFolder folder;
    Job job("title", fakeProgram(folder, R"SH(
echo '{"event":"spectrum","spectrum":{"name":"w","shape":[1,1],"singular_values":[1]}}'
kill -9 $$
)SH"),
            {});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(seen.waitForEnd());
    EXPECT_EQ(seen.spectra.size(), 1U);
    ASSERT_EQ(seen.failures.size(), 1);
    EXPECT_TRUE(seen.failures[0].contains("unexpectedly"));
}

TEST(Job, AMissingProgramIsAFailureThatNamesIt) {
    Job job("title", "/nowhere/rankscope-cli", {});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(seen.waitForEnd());
    ASSERT_EQ(seen.failures.size(), 1);
    EXPECT_TRUE(seen.failures[0].contains("/nowhere/rankscope-cli"));
    EXPECT_EQ(seen.ends, 1);
}

TEST(Job, CancelSendsAnInterruptFirst) {
    const fixtures::TempFolder folder;
    const auto mark = (folder / "interrupted").string();
    Job job("title",
            fakeProgram(folder, uitest::untilInterrupted(
                                    R"(echo '{"event":"progress","fraction":0.1,"label":""}')",
                                    "touch " + mark)),
            {});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(uitest::waitUntil([&] { return !seen.fractions.empty(); }));
    job.cancel();
    ASSERT_TRUE(seen.waitForEnd());
    EXPECT_EQ(seen.cancels, 1);
    EXPECT_TRUE(seen.failures.isEmpty());
    EXPECT_TRUE(QFileInfo::exists(QString::fromStdString(mark)));
}

TEST(Job, CancelKillsAChildThatDoesNotListen) {
    const fixtures::TempFolder folder;
    // exec: the shell becomes the process that ignores the signal, so no child is left behind.
    Job job("title", fakeProgram(folder, R"SH(
trap '' INT
echo '{"event":"progress","fraction":0.1,"label":""}'
exec sleep 1000
)SH"),
            {});
    Recorder seen(job);
    job.start();
    ASSERT_TRUE(uitest::waitUntil([&] { return !seen.fractions.empty(); }));
    const auto pid = static_cast<pid_t>(job.processId());
    job.cancel();
    ASSERT_TRUE(seen.waitForEnd());
    EXPECT_EQ(seen.cancels, 1);
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Session, AMissingCheckpointIsASentenceAndChangesNothing) {
    OpenSession open;
    open.open();
    QStringList failures;
    QObject::connect(&open.session, &Session::failed,
                     [&](const QString& text) { failures << text; });
    const auto* before = open.session.checkpoint();
    EXPECT_FALSE(open.session.open("/nowhere/model"));
    ASSERT_EQ(failures.size(), 1);
    EXPECT_TRUE(failures[0].contains("/nowhere/model")) << failures[0].toStdString();
    EXPECT_EQ(open.session.checkpoint(), before);
}

TEST(Session, OpeningStartsAJobWhoseSpectraAppearAndOnlyThoseThatFit) {
    const fixtures::TempFolder folder;
    const auto model = fixtures::writeTinyT5(folder / "tiny");
    const std::string q = "encoder.block.0.layer.0.SelfAttention.q.weight";  // [24, 32]
    std::string values = "24";
    for (int i = 1; i < 24; ++i) {
        values += ',';
        values += std::to_string(24 - i);
    }
    Session session;
    session.setProgram(
        fakeProgram(folder, "echo '{\"event\":\"spectrum\",\"spectrum\":{\"name\":\"" + q +
                                "\",\"shape\":[24,32],\"singular_values\":[" + values +
                                "]}}'\n"
                                "echo '{\"event\":\"spectrum\",\"spectrum\":{\"name\":\"stranger\","
                                "\"shape\":[1,1],\"singular_values\":[1]}}'\n"
                                "echo '{\"event\":\"done\",\"result\":{}}'\n"));
    ASSERT_TRUE(session.open(QString::fromStdString(model.string())));
    ASSERT_TRUE(session.spectraJob()->isRunning());
    ASSERT_TRUE(uitest::waitUntil([&] { return !session.spectraJob()->isRunning(); }));
    EXPECT_EQ(session.spectra().size(), 1U);
    ASSERT_TRUE(session.spectrum(q));
    EXPECT_EQ(session.spectrum(q)->singularValues().front(), 24);
}

TEST(Session, OneRankIsSetForAllSelectedAndHeldToEachOnesFullRank) {
    OpenSession open;
    open.open();
    Session& session = open.session;
    const std::string q = "encoder.block.0.layer.0.SelfAttention.q.weight";       // [24, 32]
    const std::string wi = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight";  // [64, 32]
    session.setSelection({q, wi}, q);
    EXPECT_EQ(session.largestRank(), 32);
    EXPECT_EQ(session.rank(), 13);  // floor(24·32 / 56), where nothing is chosen yet
    EXPECT_FALSE(session.plan());
    session.setRank(30);
    EXPECT_EQ(session.chosenRank(q), 24);
    EXPECT_EQ(session.chosenRank(wi), 30);
    session.setRank(1000);
    EXPECT_EQ(session.rank(), 32);
    session.setRank(-5);
    EXPECT_EQ(session.rank(), 1);
}

TEST(Session, CountsParametersOfThePlanInBothConventions) {
    OpenSession open;
    open.open();
    Session& session = open.session;
    const std::string q = "encoder.block.0.layer.0.SelfAttention.q.weight";       // [24, 32]
    const std::string wi = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight";  // [64, 32]
    const std::int64_t dense = session.checkpoint()->denseParameterCount();
    session.setStorage(plan::StorageChoice::Factored);
    session.setSelection({q}, q);
    session.setRank(5);
    session.setSelection({wi}, wi);
    session.setRank(7);
    ASSERT_TRUE(session.plan());
    const auto& counts = session.plan()->parameters;
    EXPECT_EQ(counts.dense, dense);
    // 5·(24 + 32) and 7·(64 + 32) in place of 24·32 and 64·32
    EXPECT_EQ(counts.stored, dense - 768 - 2048 + 280 + 672);
    EXPECT_EQ(counts.factored, counts.stored);
    EXPECT_EQ(counts.pivoted, counts.stored - 25 - 49);
    EXPECT_EQ(counts.postConvention, dense - 768 - 2048);
    session.clearSelectedRanks();
    ASSERT_TRUE(session.plan());
    EXPECT_EQ(session.plan()->parameters.stored, dense - 768 + 280);
    session.clearAllRanks();
    EXPECT_FALSE(session.plan());
}

TEST(Session, ACalibrationIsOfTheOpenCheckpointOnly) {
    OpenSession opened;
    opened.open();
    Session& session = opened.session;
    int changes = 0;
    QObject::connect(&session, &Session::calibrationChanged, [&] { ++changes; });
    session.setCalibrationFile(QStringLiteral("moments.h5"));
    session.setCalibrationFile(QStringLiteral("moments.h5"));
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(session.calibrationFile(), "moments.h5");
    ASSERT_TRUE(session.open(session.location()));
    EXPECT_EQ(session.calibrationFile(), "");
    EXPECT_EQ(changes, 2);
}

TEST(RecentFiles, NewestFirstOnceEachAndOnlyThoseThatExist) {
    const fixtures::TempFolder folder;
    const auto place = [&](const char* name) {
        std::filesystem::create_directory(folder / name);
        return QString::fromStdString((folder / name).string());
    };
    const QString a = place("a");
    const QString b = place("b");
    const QString file = QString::fromStdString((folder / "w.ini").string());
    RecentFiles recent(file);
    recent.add(a);
    recent.add(b);
    recent.add(a);
    EXPECT_EQ(RecentFiles(file).paths(), (QStringList{a, b}));
    std::filesystem::remove(folder / "b");
    EXPECT_EQ(recent.paths(), QStringList{a});
    recent.clear();
    EXPECT_TRUE(RecentFiles(file).paths().isEmpty());
}

TEST(RecentFiles, ADamagedFileIsMovedAsideAndANewListBegun) {
    const fixtures::TempFolder folder;
    const QString path = QString::fromStdString(folder.path().string());
    const QString file = path + "/w.ini";
    std::string noise;
    for (int i = 0; i < 5000; ++i) noise.push_back(static_cast<char>((i * 73 + 11) % 256));
    const std::string cases[] = {noise,
                                 "[recent\ncheckpoints=\"\\x",
                                 std::string("\0\0\0", 3),
                                 "no section and no key",
                                 "[recent]\ncheckpoints=relative, \"/x\\x1b[2J\"\n",
                                 std::string(2 << 20, 'x')};
    for (const std::string& bytes : cases) {
        fixtures::writeFile(folder / "w.ini", bytes);
        RecentFiles recent(file);
        EXPECT_TRUE(recent.paths().isEmpty());
        recent.add(path);
        EXPECT_EQ(RecentFiles(file).paths(), QStringList{path}) << bytes.substr(0, 40);
    }
}

}  // namespace
}  // namespace rankscope::ui
