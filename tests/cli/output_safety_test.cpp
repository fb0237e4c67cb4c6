// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* oneMatrix = "encoder.block.0.layer.0.SelfAttention.q.weight";

/// What --out may replace, and what is left behind.
class OutputSafety : public testing::Test {
 protected:
    std::string at(const std::string& name) const { return (folder / name).string(); }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : fs::directory_iterator(folder.path()))
            all.push_back(entry.path().filename().string());
        std::sort(all.begin(), all.end());
        return all;
    }

    /// The command is refused in a sentence that names `file` and holds `part`; `file` and the
    /// names around it stay.
    void expectRefused(const std::vector<std::string>& words, const std::string& file,
                       const std::string& part) {
        const std::string before = fixtures::readFile(file);
        const std::vector<std::string> around = names();
        const Outcome run = runCommand(words);
        SCOPED_TRACE(testing::PrintToString(words) + run.err);
        EXPECT_EQ(run.exitCode, 1);
        EXPECT_THAT(run.err, HasSubstr(file));
        EXPECT_THAT(run.err, HasSubstr(part));
        EXPECT_EQ(run.out, "");
        EXPECT_EQ(fixtures::readFile(file), before);
        EXPECT_EQ(names(), around);
    }

    std::string dialogues(const std::string& name) const {
        fs::copy_file(fs::path(DEMO_FOLDER) / "test.json", at(name));
        return at(name);
    }

    std::string calibration(const std::string& name) const {
        const Outcome run =
            runCommand({"calibrate", "demo", "--data", fs::path(DEMO_FOLDER) / "calibration.json",
                        "--samples", "4", "--held-out", "2", "--out", at(name), "--quiet"});
        EXPECT_EQ(run.exitCode, 0) << run.err;
        return at(name);
    }

    fixtures::TempFolder folder;
};

TEST_F(OutputSafety, NoCommandReplacesTheDialoguesItReads) {
    const std::string json = dialogues("d.json");
    const std::vector<std::string> evaluate = {"evaluate",   "demo", "--data",    json,
                                               "--limit",    "1",    "--metrics", "loss",
                                               "--no-cache", "--out"};
    const auto with = [](std::vector<std::string> words, const std::string& out) {
        words.push_back(out);
        return words;
    };
    fs::create_hard_link(json, at("hard.json"));
    fs::create_symlink(json, at("soft.json"));
    expectRefused(with(evaluate, json), json, "same file");
    expectRefused(with(evaluate, at("hard.json")), at("hard.json"), json);
    expectRefused(with(evaluate, at("soft.json")), at("soft.json"), "symbolic link");
    expectRefused(with({"pareto", "demo", "--data", json, "--limit", "1", "--metrics", "loss",
                        "--budgets", "0.9", "--targets", oneMatrix, "--out"},
                       json),
                  json, "same file");
    fs::copy_file(json, at("d.h5"));
    expectRefused(
        with({"calibrate", "demo", "--samples", "2", "--data", at("d.h5"), "--out"}, at("d.h5")),
        at("d.h5"), "not a calibration");
}

TEST_F(OutputSafety, NoCommandReplacesThePlanItReads) {
    ASSERT_EQ(runCommand({"plan", "demo", "--targets", oneMatrix, "--rank", "4", "--out",
                          at("p.json"), "--quiet"})
                  .exitCode,
              0);
    fs::create_hard_link(at("p.json"), at("hard.json"));
    for (const char* out : {"p.json", "hard.json"}) {
        expectRefused({"plan", "demo", "--plan", at("p.json"), "--out", at(out)}, at(out),
                      at("p.json"));
        expectRefused({"evaluate", "demo", "--plan", at("p.json"), "--limit", "1", "--metrics",
                       "loss", "--no-cache", "--out", at(out)},
                      at(out), at("p.json"));
    }
}

TEST_F(OutputSafety, NoCommandReplacesACheckpointItReads) {
    const fs::path a = fixtures::writeTinyT5(folder / "a");
    const fs::path b = fixtures::writeTinyT5(folder / "b", {.seed = 2});
    fs::create_hard_link(b / "config.json", at("hard.json"));
    const std::vector<std::vector<std::string>> commands = {
        {"spectrum", b, "--targets", "q"},
        {"curve", b, "--targets", "q"},
        {"plan", b, "--targets", "q", "--rank", "4"},
        {"compare", a, b, "--targets", "q"},
        {"evaluate", a, b, "--limit", "1", "--metrics", "loss", "--no-cache"},
    };
    for (std::vector<std::string> words : commands) {
        words.insert(words.end(), {"--out", at("hard.json")});
        expectRefused(words, at("hard.json"), (b / "config.json").string());
        words.back() = b / "generation_config.json";
        expectRefused(words, words.back(), "checkpoint");
    }
}

TEST_F(OutputSafety, FilesOfAnotherKindAreNotReplacedByHdf5) {
    const std::string file = calibration("c.h5");
    const fs::path tiny = fixtures::writeTinyT5(folder / "tiny");
    expectRefused({"spectrum", tiny, "--targets", "q", "--out", file}, file, "calibration");
    fixtures::writeFile(at("notes.h5"), "not HDF5 at all");
    expectRefused({"spectrum", tiny, "--targets", "q", "--out", at("notes.h5")}, at("notes.h5"),
                  "not a file of spectra");
    ASSERT_EQ(runCommand({"spectrum", tiny, "--targets", "q", "--out", at("s.h5")}).exitCode, 0);
    expectRefused({"calibrate", "demo", "--samples", "2", "--out", at("s.h5")}, at("s.h5"),
                  "rankscope-spectra");
    // Its own kind, and an empty file, are replaced as ever.
    EXPECT_EQ(runCommand({"spectrum", tiny, "--targets", "k", "--out", at("s.h5")}).exitCode, 0);
    fixtures::writeFile(at("empty.h5"), "");
    EXPECT_EQ(runCommand({"spectrum", tiny, "--targets", "k", "--out", at("empty.h5")}).exitCode,
              0);
}

TEST_F(OutputSafety, ACalibrationOfAnotherModelOrInUseIsNotReplaced) {
    const std::string file = calibration("c.h5");
    const fs::path tiny = fixtures::writeTinyT5(folder / "tiny", {.vocabulary = 1100});
    for (const char* name : {"tokenizer.json", "spiece.model"})
        fs::copy_file(fs::path(DEMO_FOLDER) / name, tiny / name,
                      fs::copy_options::overwrite_existing);
    const std::vector<std::string> other = {
        "calibrate", tiny, "--data", fs::path(DEMO_FOLDER) / "calibration.json",
        "--samples", "2",  "--out",  file};
    expectRefused(other, file, "another checkpoint (demo)");
    {
        const int reader = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        ASSERT_EQ(::flock(reader, LOCK_SH), 0);  // as openCalibration() does
        expectRefused({"calibrate", "demo", "--samples", "2", "--out", file}, file, "is using");
        ::close(reader);
    }
    fs::create_hard_link(file, at("c.json"));  // a calibration may have any name
    expectRefused({"curve", "demo", "--targets", oneMatrix, "--ranks", "4:4:1", "--calibration",
                   file, "--out", at("c.json")},
                  at("c.json"), file);
}

TEST_F(OutputSafety, ForceDeletesNothingThatRankscopeDidNotWrite) {
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    const std::vector<std::string> compress = {"compress", model,   "--ratio", "0.5",
                                               "--out",    at("o"), "--force"};
    const std::vector<std::string> report = {"report",    model, "--out",  at("o"),
                                             "--vectors", "10",  "--force"};
    for (const auto& words : {compress, report}) {
        fs::create_directory(at("o"));
        for (const char* name : {"o/config.json", "o/report.html", "o/thesis.txt"})
            fixtures::writeFile(at(name), "years of work");
        const auto expectKept = [&](const std::string& part) {
            const Outcome run = runCommand(words);
            EXPECT_EQ(run.exitCode, 1);
            EXPECT_THAT(run.err, HasSubstr(at("o") + part));
            EXPECT_EQ(names(), (std::vector<std::string>{"o", "tiny"}));
            EXPECT_EQ(fixtures::readFile(at("o/thesis.txt")), "years of work");
        };
        expectKept(" holds no ");
        fs::remove_all(at("o"));
        for (int times = 0; times < 2; ++times)  // made, and replaced
            EXPECT_EQ(runCommand(words).exitCode, 0);
        fixtures::writeFile(at("o/thesis.txt"), "years of work");
        expectKept(" holds things that Rankscope did not write: thesis.txt");
        fs::remove_all(at("o"));
    }
}

TEST_F(OutputSafety, AReplacedFolderHoldsNoFileThatIsRead) {
    const fs::path model = fixtures::writeTinyT5(folder / "tiny");
    ASSERT_EQ(runCommand({"compress", model, "--ratio", "0.5", "--out", at("o")}).exitCode, 0);
    fs::remove(model / "config.json");
    fs::create_hard_link(at("o/config.json"), model / "config.json");
    expectRefused({"compress", model, "--ratio", "0.5", "--out", at("o"), "--force"},
                  (model / "config.json").string(), at("o"));
}

TEST_F(OutputSafety, AFileThatMayNotGrowIsASentence) {
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    const std::vector<std::vector<std::string>> commands = {
        {"compress", model, "--ratio", "0.5", "--out", at("o")},
        {"report", model, "--vectors", "10", "--out", at("o")},
        {"plan", model, "--rank", "4", "--out", at("o.json")},
        {"spectrum", model, "--out", at("o.csv")},
        {"spectrum", model, "--out", at("o.h5")},
        {"calibrate", "demo", "--samples", "2", "--out", at("o.h5")},
    };
    for (std::vector<std::string> words : commands) {
        words.emplace_back("--quiet");
        const Outcome run = runCommand(words, {.limits = "ulimit -f 4"});  // 2 or 4 kB
        SCOPED_TRACE(testing::PrintToString(words) + run.err);
        EXPECT_EQ(run.exitCode, 1);
        EXPECT_THAT(run.err, testing::StartsWith("rankscope-cli: "));
        EXPECT_THAT(run.err, HasSubstr(at("o")));
        EXPECT_EQ(names(), std::vector<std::string>{"tiny"});
    }
}

TEST_F(OutputSafety, LeftoversAreNamedAndRemoved) {
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    fixtures::writeFile(at("p.json.partial-AbCdEf"), std::string(1500, 'x'));
    fixtures::writeFile(at("q.json.partial-AbCdEf"), "of another");
    const Outcome plan = runCommand({"plan", model, "--rank", "4", "--out", at("p.json")});
    EXPECT_EQ(plan.exitCode, 0);
    EXPECT_THAT(plan.err, HasSubstr(at("p.json.partial-AbCdEf") + " (1.5 kB) was left"));
    EXPECT_EQ(names(), (std::vector<std::string>{"p.json", "q.json.partial-AbCdEf", "tiny"}));
}

TEST_F(OutputSafety, LeftoversInTheCacheAreListedByDoctor) {
    const std::string model = fixtures::writeTinyT5(folder / "tiny");
    const RunOptions options = {.environment = {"XDG_CACHE_HOME=" + at("cache")}};
    const std::string left = at("cache/rankscope/spectra/abc.h5.partial-AbCdEf");
    fs::create_directories(fs::path(left).parent_path());
    fixtures::writeFile(left, "12345");
    const Json caches = runCommand({"doctor", "--json"}, options).json().at("caches");
    EXPECT_EQ(caches["spectra"]["leftovers"], Json::array({{{"path", left}, {"bytes", 5}}}));
    EXPECT_THAT(runCommand({"doctor"}, options).out, HasSubstr(left + " (5 B)"));
    const Outcome run = runCommand({"spectrum", model, "--targets", "q"}, options);
    EXPECT_EQ(run.exitCode, 0);
    EXPECT_THAT(run.err, HasSubstr(left));
    EXPECT_FALSE(fs::exists(left));
    EXPECT_EQ(runCommand({"doctor", "--json"}, options).json()["caches"]["spectra"]["leftovers"],
              Json::array());
}

}  // namespace
}  // namespace rankscope::cli_test
