// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/spectra_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>

#include "core/base/error.h"
#include "core/workspace/spectra_file.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::workspace {
namespace {

namespace fs = std::filesystem;
using checkpoint::WeightMatrix;

/// Collects warnings; asks to stop once `stopAfter` reports have come.
class Watcher final : public Progress {
 public:
    explicit Watcher(int stopAfter = 1'000'000) : m_stopAfter(stopAfter) {}
    void report(double, std::string_view) const override {
        const std::scoped_lock lock(m_mutex);
        ++m_reports;
    }
    void warn(std::string_view sentence) const override {
        const std::scoped_lock lock(m_mutex);
        m_warnings.emplace_back(sentence);
    }
    bool stopRequested() const override {
        const std::scoped_lock lock(m_mutex);
        return m_reports >= m_stopAfter;
    }
    const std::vector<std::string>& warnings() const { return m_warnings; }

 private:
    int m_stopAfter;
    mutable std::mutex m_mutex;
    mutable int m_reports = 0;
    mutable std::vector<std::string> m_warnings;
};

/// A tiny model and a cache folder of its own.
class SpectraCache : public testing::Test {
 protected:
    void SetUp() override {
        setenv("XDG_CACHE_HOME", (m_folder / "cache").c_str(), 1);
        m_path = fixtures::writeTinyT5(m_folder / "model");
    }

    checkpoint::Checkpoint open() const { return checkpoint::openCheckpoint(m_path.string()); }

    static std::vector<WeightMatrix> matricesOf(const checkpoint::Checkpoint& checkpoint) {
        return {checkpoint.matrices().begin(), checkpoint.matrices().end()};
    }

    SpectraRun run(const Progress& progress = Progress(),
                   const SpectraRequest& request = {}) const {
        const auto checkpoint = open();
        return loadOrComputeSpectra(checkpoint, matricesOf(checkpoint), request, progress);
    }

    fs::path cache() const { return m_folder / "cache" / "rankscope" / "spectra"; }

    std::vector<fs::path> cacheFiles() const {
        std::vector<fs::path> files;
        if (fs::exists(cache()))
            for (const auto& entry : fs::directory_iterator(cache())) files.push_back(entry.path());
        return files;
    }

    fixtures::TempFolder m_folder;
    fs::path m_path;
    /// Whether an earlier test of this process has loaded it.
    const bool m_backendLoaded =
        fixtures::readFile("/proc/self/maps").find("libtorch_cpu") != std::string::npos;
};

TEST_F(SpectraCache, SecondRunReadsWhatTheFirstComputed) {
    const SpectraRun first = run();
    EXPECT_EQ(first.fromCache, 0U);
    EXPECT_EQ(first.device, "cpu");
    ASSERT_EQ(cacheFiles().size(), 1U);
    const SpectraRun second = run();
    EXPECT_EQ(second.fromCache, first.spectra.size());
    EXPECT_EQ(second.device, "cache");
    ASSERT_EQ(second.spectra.size(), first.spectra.size());
    for (std::size_t i = 0; i < first.spectra.size(); ++i) {
        EXPECT_EQ(second.spectra[i].name(), first.spectra[i].name());
        EXPECT_EQ(second.spectra[i].singularValues(), first.spectra[i].singularValues());
        EXPECT_EQ(second.spectra[i].direct(), first.spectra[i].direct());
    }
    EXPECT_EQ(cacheFiles().size(), 1U);  // nothing new to keep
}

// The cache is filled by hand and no backend can be found: CTest runs this in a process of its own.
TEST_F(SpectraCache, ReadingNeedsNoBackend) {
    const auto checkpoint = open();
    SpectraFile content{.fingerprint = checkpoint.fingerprint(), .label = "m", .spectra = {}};
    for (const WeightMatrix& matrix : checkpoint.matrices()) {
        content.spectra.emplace_back(matrix.name, matrix.rows, matrix.columns,
                                     std::vector(static_cast<std::size_t>(matrix.fullRank()), 1.5));
    }
    fs::create_directories(cache());
    writeSpectraFile(cache() / (content.fingerprint + "-1-1-1.h5"), content);
    setenv("RANKSCOPE_BACKEND", "/nonexistent", 1);
    const SpectraRun cached = run();
    unsetenv("RANKSCOPE_BACKEND");
    EXPECT_EQ(cached.fromCache, content.spectra.size());
    EXPECT_EQ(cached.spectra.at(0).singularValues(), content.spectra[0].singularValues());
    EXPECT_EQ(fixtures::readFile("/proc/self/maps").find("libtorch_cpu") != std::string::npos,
              m_backendLoaded);
}

TEST_F(SpectraCache, CanBeLeftAlone) {
    SpectraRequest request;
    request.useCache = false;
    run(Progress(), request);
    EXPECT_TRUE(cacheFiles().empty());
    run();
    EXPECT_EQ(run(Progress(), request).fromCache, 0U);
}

TEST_F(SpectraCache, NoticesAChangedCheckpoint) {
    run();
    fixtures::TinyT5 other;
    other.seed = 2;
    fixtures::writeTinyT5(m_path, other);
    const SpectraRun again = run();
    EXPECT_EQ(again.fromCache, 0U);
    const fs::path weights = m_path / "model.safetensors";
    fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::seconds(2));
    EXPECT_EQ(run().fromCache, 0U);
    EXPECT_EQ(run().fromCache, again.spectra.size());
}

TEST_F(SpectraCache, MergesTheFilesOfSeveralRuns) {
    const auto checkpoint = open();
    const std::vector<WeightMatrix> all = matricesOf(checkpoint);
    const std::span<const WeightMatrix> span(all);
    loadOrComputeSpectra(checkpoint, span.first(4), {}, Progress());
    const SpectraRun second = loadOrComputeSpectra(checkpoint, span.subspan(2, 6), {}, Progress());
    EXPECT_EQ(second.fromCache, 2U);
    EXPECT_EQ(cacheFiles().size(), 2U);
    EXPECT_EQ(readCachedSpectra(checkpoint, Progress()).size(), 8U);
    EXPECT_EQ(run().fromCache, 8U);
}

TEST_F(SpectraCache, KeepsWhatAStoppedRunFinished) {
    SpectraRequest request;
    request.threads = 1;
    try {
        run(Watcher(3), request);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
    }
    EXPECT_EQ(readCachedSpectra(open(), Progress()).size(), 3U);
    EXPECT_EQ(run().fromCache, 3U);
}

TEST_F(SpectraCache, MovesDamagedFilesAside) {
    const std::size_t count = run().spectra.size();
    const std::string good = fixtures::readFile(cacheFiles().at(0));
    std::string flipped = good;  // in the values: the spectrum of the first matrix
    const auto values = run().spectra[0].singularValues();
    const std::string needle(reinterpret_cast<const char*>(values.data()), sizeof(double));
    const std::size_t place = flipped.find(needle);
    ASSERT_NE(place, std::string::npos);
    flipped[place] ^= 1;
    for (const std::string& bytes :
         {std::string(), std::string("garbage"), good.substr(0, good.size() / 2),
          good.substr(0, good.size() - 1), flipped, std::string(5000, '\0')}) {
        for (const fs::path& file : cacheFiles())
            if (file.extension() == ".damaged") fs::remove(file);
        ASSERT_EQ(cacheFiles().size(), 1U);
        fixtures::writeFile(cacheFiles()[0], bytes);
        const Watcher progress;
        const SpectraRun again = run(progress);
        EXPECT_EQ(again.fromCache, 0U);
        EXPECT_EQ(again.spectra.size(), count);
        ASSERT_EQ(progress.warnings().size(), 1U);
        EXPECT_THAT(progress.warnings()[0], testing::HasSubstr(".damaged"));
        EXPECT_EQ(cacheFiles().size(), 2U);
        EXPECT_EQ(run().fromCache, count);
    }
}

TEST_F(SpectraCache, FileOfAnotherCheckpointIsNotUsed) {
    const std::size_t count = run().spectra.size();
    const std::string name = cacheFiles().at(0).filename().string();
    fixtures::TinyT5 other;
    other.seed = 2;
    fixtures::writeTinyT5(m_path, other);
    // The old content under the name that belongs to the new state.
    fs::rename(cacheFiles()[0], cache() / (open().fingerprint() + name.substr(64)));
    const Watcher progress;
    EXPECT_EQ(run(progress).fromCache, 0U);
    ASSERT_EQ(progress.warnings().size(), 1U);
    EXPECT_THAT(progress.warnings()[0], testing::HasSubstr("another checkpoint"));
    EXPECT_EQ(run().fromCache, count);
}

TEST_F(SpectraCache, FolderThatCannotBeWrittenIsAWarning) {
    // A file where the folder should be stops root too.
    fixtures::writeFile(m_folder / "cache", "in the way");
    const Watcher progress;
    const SpectraRun result = run(progress);
    EXPECT_FALSE(result.spectra.empty());
    ASSERT_EQ(progress.warnings().size(), 1U);
    EXPECT_THAT(progress.warnings()[0], testing::HasSubstr("could not be cached"));
}

TEST_F(SpectraCache, ReportsEverySpectrumOnce) {
    std::map<std::string, int> seen;
    SpectraRequest request;
    request.onFinished = [&](const spectra::Spectrum& spectrum) { ++seen[spectrum.name()]; };
    for (int round = 1; round <= 2; ++round) {
        const std::size_t count = run(Progress(), request).spectra.size();
        EXPECT_EQ(seen.size(), count);
        for (const auto& [name, times] : seen) EXPECT_EQ(times, round) << name;
    }
}

}  // namespace
}  // namespace rankscope::workspace
