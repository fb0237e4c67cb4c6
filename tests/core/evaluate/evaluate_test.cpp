// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluate.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "core/base/atomic_file.h"
#include "core/evaluate/evaluation.h"
#include "core/text/tokenizer/tokenizer.h"
#include "tests/core/model/fake_model.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::evaluate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class WatchedProgress : public Progress {
 public:
    void report(double fraction, std::string_view label) const override {
        fractions.push_back(fraction);
        labels.emplace_back(label);
    }
    void warn(std::string_view sentence) const override {
        warnings += std::string(sentence) + '\n';
    }
    bool stopRequested() const override { return stop; }
    mutable std::vector<double> fractions;
    mutable std::vector<std::string> labels;
    mutable std::string warnings;
    mutable bool stop = false;
};

/// A tiny checkpoint with the demo's tokenizer, a fake model for it, and its own cache folder.
class Evaluate : public ::testing::Test {
 protected:
    Evaluate() {
        ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
        fixtures::writeTinyT5(folder / "model", {.vocabulary = 1100});
        for (const char* name : {"tokenizer.json", "spiece.model", "tokenizer_config.json"})
            fs::copy_file(fs::path(DEMO_FOLDER) / name, folder / "model" / name,
                          fs::copy_options::overwrite_existing);
        data.file = "dialogues.json";
        data.hash = "0";
        for (int i = 0; i < 23; ++i) {
            std::string source = "Maya:";
            for (int word = 0; word < (i * 7) % 19; ++word) source += fmt(" word ", word * i);
            data.examples.push_back({fmt("id-", i), source, {fmt("Maya says ", i), "Something."}});
        }
        options.summarization.tokenBudget = 120;
        options.bootstrap.resamples = 50;
    }

    static std::string fmt(const std::string& text, int number) {
        return text + std::to_string(number);
    }
    std::string model() const { return (folder / "model").string(); }

    Evaluation run(const Progress& progress) {
        const model::FakeBackend backend(behaviour);
        const std::vector<EvaluationSubject> subjects = {{model(), std::nullopt, "first"},
                                                         {model(), std::nullopt, "second"}};
        return evaluate(subjects, data, options, backend, progress);
    }

    /// Without the parts that may differ: times, and whether a journal was used.
    static Json results(const Evaluation& evaluation) {
        Json document = toJson(evaluation, true);
        for (Json& run : document["runs"])
            for (const char* key : {"seconds", "tokens_per_second", "resumed"}) run.erase(key);
        document.erase("warnings");
        return document;
    }

    std::vector<fs::path> journals() const {
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(folder / "cache/rankscope/evaluations"))
            files.push_back(entry.path());
        return files;
    }

    fixtures::TempFolder folder;
    text::Dataset data;
    EvaluationOptions options;
    model::FakeBehaviour behaviour;
};

TEST_F(Evaluate, PutsResultsInTheDatasOrder) {
    const WatchedProgress progress;
    const Evaluation evaluation = run(progress);
    ASSERT_EQ(evaluation.runs.size(), 2U);
    const EvaluationRun& first = evaluation.runs[0];
    ASSERT_EQ(first.results.size(), data.examples.size());
    const text::Tokenizer tokenizer = text::Tokenizer::open(folder / "model");
    for (std::size_t i = 0; i < data.examples.size(); ++i) {
        const auto source = tokenizer.encode("summarize: " + data.examples[i].source, 512).ids;
        double sum = 0;
        for (const std::int32_t id : source) sum += id;
        EXPECT_EQ(first.results[i].lossSum, sum / 7) << i;
        EXPECT_EQ(
            first.results[i].lossTokens,
            static_cast<std::int64_t>(tokenizer.encode(data.examples[i].references[0]).ids.size()));
        EXPECT_EQ(evaluation.samples[i].sourceTokens, static_cast<std::int64_t>(source.size()));
    }
    EXPECT_EQ(first.checkpoint, "first");
    EXPECT_EQ(first.samples, 23);
    EXPECT_GT(first.parameters, 0);
    EXPECT_FALSE(first.fromJournal);
    // The same model twice: every difference is 0, with nothing around it. And the second run
    // asks for the same batches, which are known by then.
    for (const Comparison& comparison : evaluation.comparison) {
        EXPECT_EQ(comparison.difference, 0) << comparison.metric;
        EXPECT_EQ(comparison.interval.low, 0);
    }
    EXPECT_TRUE(evaluation.runs[1].fromJournal);
    EXPECT_TRUE(std::is_sorted(progress.fractions.begin(), progress.fractions.end()));
    EXPECT_EQ(progress.fractions.back(), 1);
    EXPECT_THAT(progress.labels, testing::Contains("first: summaries 0 of 23"));
    for (const Comparison& comparison : evaluation.comparison)
        EXPECT_EQ(comparison.checkpoint, "second");
}

TEST_F(Evaluate, GoesOnAfterAnInterruptWithTheIdenticalResult) {
    options.useJournal = false;
    const Json uninterrupted = results(run(Progress()));
    const std::size_t allCalls = behaviour.rows.size();
    options.useJournal = true;
    std::size_t calls = 0;
    bool finished = false;
    for (int attempt = 0; !finished && attempt < 100; ++attempt) {
        const WatchedProgress progress;
        std::size_t batches = 0;
        behaviour.afterCall = [&] {
            ++calls;
            progress.stop = ++batches == 2;  // after every second batch
        };
        behaviour.rows.clear();
        try {
            const Evaluation evaluation = run(progress);
            EXPECT_EQ(results(evaluation).dump(), uninterrupted.dump());
            EXPECT_TRUE(evaluation.runs[0].fromJournal);
            EXPECT_GT(evaluation.runs[0].lossSeconds, 0);
            finished = true;
        } catch (const Error& error) {
            ASSERT_EQ(error.kind(), ErrorKind::Interrupted);
        }
    }
    EXPECT_TRUE(finished);
    EXPECT_EQ(calls, allCalls / 2);  // no batch twice; the second subject is the first
    EXPECT_GT(calls, 10U);
}

TEST_F(Evaluate, TrustsNoDamagedLineOfAJournal) {
    const Json expected = results(run(Progress()));
    const std::size_t batches = behaviour.rows.size();
    for (const fs::path& path : journals()) {
        const std::string whole = fixtures::readFile(path);
        std::vector<std::string> damages = {whole.substr(0, whole.size() - 5), "", "{}\n",
                                            whole + "x\n"};
        std::string flipped = whole;
        flipped[whole.size() / 2] = flipped[whole.size() / 2] == '7' ? '8' : '7';
        damages.push_back(flipped);
        for (const std::string& damage : damages) {
            fixtures::writeFile(path, damage);
            const WatchedProgress progress;
            EXPECT_EQ(results(run(progress)).dump(), expected.dump());
            if (!damage.empty())
                EXPECT_THAT(progress.warnings, HasSubstr("damaged")) << damage.size();
            EXPECT_EQ(fixtures::readFile(path).size() >= whole.size() - 40, true);
        }
    }
    behaviour.rows.clear();
    run(Progress());
    EXPECT_TRUE(behaviour.rows.empty());  // the repaired journals are whole again
    EXPECT_GT(batches, 5U);
}

TEST_F(Evaluate, AJournalIsOnlyForWhatItWasMadeWith) {
    run(Progress());
    const auto calls = [&] {
        behaviour.rows.clear();
        run(Progress());
        return behaviour.rows.size();
    };
    EXPECT_EQ(calls(), 0U);
    options.batchSize = 3;  // of the rules: changes no loss of an example
    EXPECT_EQ(calls(), 0U);
    options.summarization.generation.beams = 2;
    EXPECT_GT(calls(), 0U);
    data.examples[3].source += " more";
    EXPECT_GT(calls(), 0U);
    options.summarization.prefix = "";
    EXPECT_GT(calls(), 0U);
    fixtures::writeTinyT5(folder / "other", {.vocabulary = 1100, .seed = 2});
    fs::copy_file(folder / "other/model.safetensors", folder / "model/model.safetensors",
                  fs::copy_options::overwrite_existing);
    EXPECT_GT(calls(), 0U);
    options.useJournal = false;
    EXPECT_GT(calls(), 0U);
}

TEST_F(Evaluate, WorksWithoutAJournalWhereItCannotHaveOne) {
    const Json expected = results(run(Progress()));
    std::vector<FileHandle> held;
    for (const fs::path& path : journals()) {
        held.emplace_back(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_EQ(::flock(held.back().get(), LOCK_EX), 0);
    }
    const WatchedProgress locked;
    EXPECT_EQ(results(run(locked)).dump(), expected.dump());
    EXPECT_THAT(locked.warnings, HasSubstr("in use"));
    fixtures::writeFile(folder / "file", "");
    ::setenv("XDG_CACHE_HOME", (folder / "file").c_str(), 1);
    const WatchedProgress noFolder;
    EXPECT_EQ(results(run(noFolder)).dump(), expected.dump());
    EXPECT_THAT(noFolder.warnings, HasSubstr("cannot be made"));
}

TEST_F(Evaluate, NamesBadLossesAndKeepsTheOthers) {
    const text::Tokenizer tokenizer = text::Tokenizer::open(folder / "model");
    behaviour.nanTargets.insert(tokenizer.encode(data.examples[4].references[0]).ids);
    for (int attempt = 0; attempt < 2; ++attempt) {  // computed, then from the journal
        const WatchedProgress progress;
        const Evaluation evaluation = run(progress);
        EXPECT_EQ(evaluation.runs[0].badLosses, std::vector<std::int64_t>{4});
        EXPECT_TRUE(std::isfinite(evaluation.runs[0].loss->tokenMean));
        EXPECT_TRUE(std::isfinite(evaluation.runs[0].loss->trainerBatchMean));
        EXPECT_THAT(progress.warnings, HasSubstr("id-4"));
        EXPECT_THAT(evaluation.warnings, testing::Contains(HasSubstr("id-4")));
    }
}

TEST_F(Evaluate, MeasuresOnlyWhatIsAskedFor) {
    options.rouge = false;
    const Evaluation losses = run(Progress());
    EXPECT_TRUE(losses.runs[0].loss.has_value());
    EXPECT_FALSE(losses.runs[0].hasRouge);
    EXPECT_EQ(losses.comparison.size(), 1U);
    options.rouge = true;
    options.loss = false;
    const Evaluation summaries = run(Progress());
    EXPECT_FALSE(summaries.runs[0].loss.has_value());
    EXPECT_TRUE(summaries.runs[0].hasRouge);
    EXPECT_EQ(summaries.comparison.size(), 5U);
    options.rouge = false;
    EXPECT_THROW(run(Progress()), Error);
}

TEST_F(Evaluate, CountsTextsThatWereCut) {
    for (int i = 0; i < 5000; ++i) data.examples[2].source += " more";
    const Evaluation evaluation = run(Progress());
    EXPECT_EQ(evaluation.runs[0].truncatedSources, 1);
    EXPECT_TRUE(evaluation.samples[2].truncated);
    EXPECT_GT(evaluation.samples[2].sourceTokens, 5000);
    EXPECT_FALSE(evaluation.samples[3].truncated);
}

TEST_F(Evaluate, BorrowsNoTokenizerButSaysWhereOneIs) {
    fixtures::writeTinyT5(folder / "bare", {.vocabulary = 1100});
    for (const char* name : {"tokenizer.json", "spiece.model"}) fs::remove(folder / "bare" / name);
    const model::FakeBackend backend(behaviour);
    const std::vector<EvaluationSubject> subjects = {
        {model(), std::nullopt, {}}, {(folder / "bare").string(), std::nullopt, {}}};
    try {
        evaluate(subjects, data, options, backend, Progress());
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("bare has no tokenizer"));
        EXPECT_THAT(error.what(), HasSubstr(model() + "/tokenizer.json"));
    }
    try {
        evaluate(std::span(subjects).last(1), data, options, backend, Progress());
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), Not(HasSubstr("/tokenizer.json")));
    }
}

}  // namespace
}  // namespace rankscope::evaluate
