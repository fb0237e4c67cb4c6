// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "core/base/atomic_folder.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/compress/compress.h"
#include "core/compress/layer.h"
#include "core/compress/planned_factors.h"
#include "core/compress/verify.h"
#include "core/plan/plan.h"
#include "tests/core/compress/compress_fixture.h"

namespace rankscope::compress {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using ::testing::HasSubstr;

class SaveFailures : public CompressTest {
 protected:
    /// Compresses into `target`, which must be refused with `part` in the message, and leave the
    /// source's bytes and the folder's names unchanged.
    void expectRefused(const fs::path& target, const std::string& part, bool force = false) {
        const std::string before = fixtures::readFile(folder / "source" / "model.safetensors");
        const std::vector<std::string> names = beside();
        CompressOptions options = into("unused");
        options.target = target;
        options.force = force;
        try {
            save(source, plan, options, quiet);
            ADD_FAILURE() << target << " was accepted";
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(part));
        }
        EXPECT_EQ(beside(), names);
        EXPECT_EQ(fixtures::readFile(folder / "source" / "model.safetensors"), before);
        EXPECT_FALSE(fs::exists(folder / "source" / "inside"));
    }

    Checkpoint source = make();
    plan::CompressionPlan plan = planFor(source, plan::StorageChoice::Factored, 6, "q");
};

TEST_F(SaveFailures, RefusesTheSourceUnderAnyName) {
    for (const bool force : {false, true}) {
        expectRefused(folder / "source", "source itself", force);
        expectRefused(folder / "source/", "source itself", force);
        expectRefused(folder / "source/../source", "source itself", force);
        expectRefused(folder / "source" / "inside", "inside the source", force);
        expectRefused(folder.path(), "contains the source", force);
    }
    fs::create_directory(folder / "source" / "deep");
    expectRefused(folder / "source" / "deep" / "er", "inside the source");
    fs::create_directory_symlink(folder / "source", folder / "link");
    expectRefused(folder / "link", "symbolic link", true);
    expectRefused(folder / "link" / "inside", "inside the source", true);
    fs::create_symlink(folder / "nowhere", folder / "dangling");
    expectRefused(folder / "dangling", "symbolic link", true);
    fs::create_hard_link(folder / "source" / "model.safetensors", folder / "hard");
    expectRefused(folder / "hard", "is a file", true);
    expectRefused(folder / "missing" / "out", "folder above");
    expectRefused(folder / "..", "does not name", true);
}

TEST_F(SaveFailures, SourceReachedThroughLinksIsStillTheSource) {
    // A Hub snapshot: the folder holds links, the bytes lie elsewhere.
    fs::create_directory(folder / "blobs");
    fs::create_directory(folder / "snapshot");
    fs::rename(folder / "source" / "model.safetensors", folder / "blobs" / "b1");
    fs::create_symlink(folder / "blobs" / "b1", folder / "snapshot" / "model.safetensors");
    fs::copy(folder / "source" / "config.json", folder / "snapshot" / "config.json");
    const Checkpoint snapshot = checkpoint::openCheckpoint((folder / "snapshot").string());
    CompressOptions options = into("blobs");
    options.force = true;
    EXPECT_THROW(save(snapshot, plan, options, quiet), Error);
    options.target = folder / "blobs" / "x";
    EXPECT_THROW(save(snapshot, plan, options, quiet), Error);
    EXPECT_FALSE(fs::exists(folder / "blobs" / "x"));
}

TEST_F(SaveFailures, ReplacesOnlyItsOwnSavesAndOnlyWhenForced) {
    fs::create_directory(folder / "out");
    CompressOptions options = into("out");
    options.force = true;
    save(source, plan, options, quiet);  // an empty folder
    expectRefused(folder / "out", "--force");
    options.seed = 7;
    save(source, plan, options, quiet);
    EXPECT_THAT(fixtures::readFile(folder / "out" / "rankscope.json"), HasSubstr("\"seed\": 7"));
    EXPECT_EQ(beside(), (std::vector<std::string>{"out", "source"}));
}

TEST_F(SaveFailures, ForceNeverDeletesWhatRankscopeDidNotWrite) {
    fs::create_directory(folder / "out");
    fixtures::writeFile(folder / "out" / "thesis.txt", "years of work");
    expectRefused(folder / "out", "--force");
    expectRefused(folder / "out", "holds no checkpoint", true);
    fixtures::writeFile(folder / "out" / "config.json", "{}");
    expectRefused(folder / "out", "holds no checkpoint", true);
    // Records of others, or none that can be read.
    for (const char* record :
         {"{", "[]", "{\"provenance\": 1}", "{\"provenance\": {\"program\": \"other\"}}"}) {
        fixtures::writeFile(folder / "out" / "rankscope.json", record);
        expectRefused(folder / "out", "holds no checkpoint", true);
    }
    EXPECT_EQ(fixtures::readFile(folder / "out" / "thesis.txt"), "years of work");
    // A save of ours into which something was put.
    save(source, plan, into("save"), quiet);
    fixtures::writeFile(folder / "save" / "thesis.txt", "years of work");
    expectRefused(folder / "save", "did not write: thesis.txt", true);
    fs::create_directory(folder / "save" / ".git");
    expectRefused(folder / "save", ".git, thesis.txt", true);
    fs::remove(folder / "save" / "thesis.txt");
    fs::remove(folder / "save" / ".git");
    fs::remove(folder / "save" / "tokenizer.json");
    fs::create_directory(folder / "save" / "tokenizer.json");
    expectRefused(folder / "save", "did not write: tokenizer.json", true);
}

TEST_F(SaveFailures, ForceReplacesEveryFileOfASave) {
    for (const plan::StorageChoice storage :
         {plan::StorageChoice::Pivoted, plan::StorageChoice::Dense}) {
        plan = planFor(source, storage, 6, "q");
        for (const std::uint64_t bytes : {std::uint64_t{20'000}, std::uint64_t{1} << 40U}) {
            CompressOptions options = into("out");
            options.force = true;
            options.shardBytes = bytes;  // shards and an index, or one file
            save(source, plan, options, quiet);
            EXPECT_EQ(fs::exists(folder / "out" / "model.safetensors"), bytes > 20'000);
        }
    }
    EXPECT_EQ(beside(), (std::vector<std::string>{"out", "source"}));
}

/// Puts a file at `path`, if given, as soon as something is reported.
class PutsAFile : public Progress {
 public:
    explicit PutsAFile(fs::path path = {}) : m_path(std::move(path)) {}
    void report(double, std::string_view) const override {
        if (!m_path.empty()) fixtures::writeFile(m_path, "came meanwhile");
    }
    void warn(std::string_view sentence) const override { warnings.emplace_back(sentence); }
    mutable std::vector<std::string> warnings;

 private:
    fs::path m_path;
};

TEST_F(SaveFailures, WhatComesIntoTheTargetMeanwhileIsKept) {
    save(source, plan, into("out"), quiet, 1);
    CompressOptions options = into("out");
    options.force = true;
    const PutsAFile progress(folder / "out" / "thesis.txt");
    save(source, plan, options, progress, 1);
    EXPECT_FALSE(fs::exists(folder / "out" / "thesis.txt"));
    const std::vector<std::string> names = beside();
    ASSERT_EQ(names.size(), 3U);
    EXPECT_THAT(names[1], ::testing::StartsWith("out.replaced-"));
    EXPECT_EQ(fixtures::readFile(folder / names[1] / "thesis.txt"), "came meanwhile");
    ASSERT_EQ(progress.warnings.size(), 1U);
    EXPECT_THAT(progress.warnings[0], HasSubstr(names[1]));
}

TEST_F(SaveFailures, LeftoversOfKilledSavesAreRemovedAndNamed) {
    fs::create_directory(folder / "out.partial-AbCdEf");
    fixtures::writeFile(folder / "out.partial-AbCdEf" / "model.safetensors",
                        std::string(3'000'000, 'x'));
    const PutsAFile progress;
    save(source, plan, into("out"), progress);
    EXPECT_EQ(beside(), (std::vector<std::string>{"out", "source"}));
    ASSERT_EQ(progress.warnings.size(), 1U);
    EXPECT_THAT(progress.warnings[0], HasSubstr("out.partial-AbCdEf (3.0 MB)"));
}

/// Asks to stop at the k-th question.
class StopsAfter : public Progress {
 public:
    explicit StopsAfter(int questions) : m_left(questions) {}
    bool stopRequested() const override { return m_left-- <= 0; }

 private:
    mutable std::atomic<int> m_left;
};

TEST_F(SaveFailures, AStopLeavesTheOldTargetAndNothingElse) {
    save(source, plan, into("out"), quiet, 1);
    const std::string old = fixtures::readFile(folder / "out" / "rankscope.json");
    CompressOptions options = into("out");
    options.force = true;
    options.seed = 99;
    int stopped = 0;
    for (int questions = 0; questions < 2000; questions += 4) {
        try {
            save(source, plan, options, StopsAfter(questions), 1);
            break;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
            EXPECT_EQ(fixtures::readFile(folder / "out" / "rankscope.json"), old);
            EXPECT_EQ(beside(), (std::vector<std::string>{"out", "source"}));
            ++stopped;
        }
    }
    EXPECT_GT(stopped, 10);
    EXPECT_NE(fixtures::readFile(folder / "out" / "rankscope.json"), old);
}

/// Runs in a child, since the limit cannot be lifted again: 0 if the save failed as it should.
int saveWithFileLimit(const Checkpoint& source, const plan::CompressionPlan& plan,
                      const CompressOptions& options, const backend::Backend& backend,
                      rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
    try {
        const backend::Compute compute{backend, {}, 1};
        compress({source, plan, nullptr, compute}, options, Progress());
    } catch (const Error& error) {
        const std::string message = error.what();
        return message.find("needs") != std::string::npos &&
                       message.find(" bytes") != std::string::npos
                   ? 0
                   : 2;
    }
    return 1;
}

TEST_F(SaveFailures, AFullDiskLeavesNothingAndSaysWhatIsNeeded) {
    const backend::Backend& backend = engine();
    CompressOptions options = into("out");
    // In the scratch files, in the config, in the weights.
    for (const rlim_t bytes : {rlim_t{0}, rlim_t{100}, rlim_t{700}, rlim_t{30'000}}) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(saveWithFileLimit(source, plan, options, backend, bytes));
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 0) << bytes;
        EXPECT_EQ(beside(), std::vector<std::string>{"source"});
    }
}

TEST(Space, IsAskedForBeforehand) {
    EXPECT_EQ(spaceNeeded(1000), 1000 + 50 + 67'108'864U);
    EXPECT_NO_THROW(requireSpace(10, 10, "/x"));
    try {
        requireSpace(11, 10, "/x");
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("11 bytes are needed, 10 are free"));
    }
}

class Tampered : public SaveFailures {
 protected:
    /// Verifies folder "out" as if it had just been written from the plan.
    void verify(std::vector<Layer> layers, const std::map<std::string, std::string>& hashes) {
        verifySave(source, folder / "out", {plan, layers, hashes}, {engine()}, quiet);
    }

    std::vector<Layer> layersAsMade() {
        std::vector<Layer> layers;
        const backend::Compute compute{engine()};
        const auto factors = factorsOf({source, plan, nullptr, compute}, quiet);
        for (const plan::PlanEntry& entry : plan.entries)
            layers.push_back(makeLayer(source, entry, factors, {}, compute.algebra()));
        return layers;
    }

    std::map<std::string, std::string> hashesOf(const fs::path& path) {
        const Checkpoint saved = checkpoint::openCheckpoint(path.string());
        std::map<std::string, std::string> hashes;
        for (const checkpoint::TensorEntry& entry : saved.tensors())
            hashes[entry.name] = sha256Hex(saved.readBytes(entry));
        return hashes;
    }

    /// Changes the highest byte of one number of a tensor in the written file.
    void flip(const std::string& tensor) {
        const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
        const std::uint64_t at = saved.findTensor(tensor)->offset + 4 * 7 + 3;
        std::string bytes = fixtures::readFile(folder / "out" / "model.safetensors");
        bytes[at] = static_cast<char>(bytes[at] ^ 0x04);
        fixtures::writeFile(folder / "out" / "model.safetensors", bytes);
    }
};

TEST_F(Tampered, OneWrongByteIsFound) {
    save(source, plan, into("out"), quiet);
    const auto hashes = hashesOf(folder / "out");
    EXPECT_NO_THROW(verify(layersAsMade(), hashes));
    flip("encoder.block.0.layer.0.SelfAttention.q.up.weight");
    try {
        verify(layersAsMade(), hashes);
        FAIL() << "the hash must differ";
    } catch (const Error& error) {
        EXPECT_EQ(error.subject(), "encoder.block.0.layer.0.SelfAttention.q.up.weight");
    }
    // Even with the hash of the wrong bytes, the layer's error gives it away.
    try {
        verify(layersAsMade(), hashesOf(folder / "out"));
        FAIL() << "the error must differ";
    } catch (const Error& error) {
        EXPECT_EQ(error.subject(), "encoder.block.0.layer.0.SelfAttention.q.weight");
        EXPECT_THAT(error.what(), HasSubstr("was predicted"));
    }
}

TEST_F(Tampered, APlanThatPredictsAnotherErrorFails) {
    plan.entries[0].relativeError = 0.123;
    EXPECT_THROW(save(source, plan, into("out"), quiet), Error);
    EXPECT_EQ(beside(), std::vector<std::string>{"source"});
}

TEST_F(Tampered, ASourceThatChangesMeanwhileFails) {
    std::string bytes = fixtures::readFile(folder / "source" / "model.safetensors");
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    bytes += "x";
    fixtures::writeFile(folder / "source" / "model.safetensors", bytes);
    EXPECT_THROW(save(source, plan, into("out"), quiet), Error);
    EXPECT_EQ(beside(), std::vector<std::string>{"source"});
}

}  // namespace
}  // namespace rankscope::compress
