// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "core/base/error.h"
#include "core/base/own_path.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string commit(40, 'a');
const std::string older(40, 'b');

/// Sets the variables of the Hub cache for one test and puts them back.
class HubCache : public testing::Test {
 public:
    HubCache() {
        for (const char* name : names) {
            const char* value = std::getenv(name);
            m_saved.push_back(value == nullptr ? std::nullopt : std::optional<std::string>(value));
            ::unsetenv(name);
        }
        ::setenv("HOME", (m_folder / "home").c_str(), 1);
    }
    ~HubCache() override {
        for (std::size_t i = 0; i < std::size(names); ++i)
            if (m_saved[i])
                ::setenv(names[i], m_saved[i]->c_str(), 1);
            else
                ::unsetenv(names[i]);
    }

    /// A repository as the Hub's client leaves it; returns its folder.
    fs::path writeRepository(const fs::path& cache, const std::string& name) {
        const fs::path repository = cache / ("models--" + name);
        fs::create_directories(repository / "refs");
        fixtures::writeFile(repository / "refs" / "main", commit);
        fixtures::writeFile(repository / "refs" / "v1", older + "\n");
        const fs::path blobs = fixtures::writeTinyT5(repository / "blobs");
        for (const std::string& revision : {commit, older}) {
            const fs::path snapshot = repository / "snapshots" / revision;
            fs::create_directories(snapshot);
            for (const char* file : {"config.json", "model.safetensors"})
                fs::create_symlink(fs::path("../../blobs") / file, snapshot / file);
        }
        return repository;
    }

    fs::path folder(const std::string& name) const { return m_folder / name; }

    static std::string failureOf(const std::string& name) {
        try {
            locateCheckpoint(name);
        } catch (const Error& error) {
            return error.what();
        }
        return "found";
    }

 private:
    static constexpr const char* names[] = {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME",
                                            "XDG_CACHE_HOME", "HOME"};
    std::vector<std::optional<std::string>> m_saved;
    fixtures::TempFolder m_folder;
};

TEST_F(HubCache, LinkedSnapshotOpens) {
    const fs::path repository = writeRepository(folder("hub"), "google--flan-t5-tiny");
    ::setenv("HF_HUB_CACHE", folder("hub").c_str(), 1);
    const Checkpoint checkpoint = openCheckpoint("google/flan-t5-tiny");
    EXPECT_EQ(checkpoint.label(), "google/flan-t5-tiny");
    EXPECT_EQ(checkpoint.folder(), repository / "snapshots" / commit);
    EXPECT_EQ(warningsOf(checkpoint), "");  // links into blobs are nothing special
    const Matrix head = checkpoint.readMatrix(*checkpoint.findMatrix("lm_head.weight"));
    EXPECT_EQ(head.values, fixtures::tinyTensors({}).back().values);
}

/// As huggingface_hub 2 stores large files: blobs of a model are links into one store of the cache.
TEST_F(HubCache, BlobsInTheSharedStoreAreInsideOnlyWithItsMarker) {
    const fs::path cache = folder("hub");
    const fs::path repository = writeRepository(cache, "google--flan-t5-tiny");
    const fs::path blob = repository / "blobs" / "model.safetensors";
    fs::create_directories(cache / "blobs" / "ab");
    fs::rename(blob, cache / "blobs" / "ab" / "abcdef");
    fs::create_symlink("../../blobs/ab/abcdef", blob);
    ::setenv("HF_HUB_CACHE", cache.c_str(), 1);
    EXPECT_THAT(warningsOf(openCheckpoint("google/flan-t5-tiny")),
                HasSubstr("outside the model's folder"));
    fixtures::writeFile(cache / "blobs" / ".huggingface-shared-blobs", "2\n");
    EXPECT_THAT(warningsOf(openCheckpoint("google/flan-t5-tiny")),
                HasSubstr("outside the model's folder"));
    fixtures::writeFile(cache / "blobs" / ".huggingface-shared-blobs", "1\n");
    EXPECT_EQ(warningsOf(openCheckpoint("google/flan-t5-tiny")), "");
}

TEST_F(HubCache, FolderFollowsTheVariablesInTheirOrder) {
    struct Place {
        const char* variable;
        std::string value;
        std::string cache;
    };
    const std::vector<Place> places{
        {"HOME", folder("h").string(), "h/.cache/huggingface/hub"},
        {"XDG_CACHE_HOME", folder("x").string(), "x/huggingface/hub"},
        {"HF_HOME", folder("f").string(), "f/hub"},
        {"HUGGINGFACE_HUB_CACHE", folder("old").string(), "old"},
        {"HF_HUB_CACHE", folder("new").string(), "new"},
    };
    // Each variable wins over those before it.
    for (const Place& place : places) {
        ::setenv(place.variable, place.value.c_str(), 1);
        EXPECT_THAT(failureOf("t5-tiny"), HasSubstr(folder(place.cache).string()));
        const fs::path repository = writeRepository(folder(place.cache), "t5-tiny");
        EXPECT_EQ(locateCheckpoint("t5-tiny"), repository / "snapshots" / commit);
    }
}

TEST_F(HubCache, TildeMeansHome) {
    ::setenv("HF_HOME", "~/models", 1);
    const fs::path repository = writeRepository(folder("home") / "models" / "hub", "a--b");
    EXPECT_EQ(locateCheckpoint("a/b"), repository / "snapshots" / commit);
}

TEST_F(HubCache, RevisionsByNameAndByCommit) {
    ::setenv("HF_HUB_CACHE", folder("hub").c_str(), 1);
    const fs::path snapshots = writeRepository(folder("hub"), "a--b") / "snapshots";
    EXPECT_EQ(locateCheckpoint("a/b@main"), snapshots / commit);
    EXPECT_EQ(locateCheckpoint("a/b@v1"), snapshots / older);
    EXPECT_EQ(locateCheckpoint("a/b@" + older), snapshots / older);
    EXPECT_THAT(failureOf("a/b@v2"), testing::AllOf(HasSubstr("\"v2\""), HasSubstr("a/b")));
}

TEST_F(HubCache, DamagedRepositoriesAreNamed) {
    ::setenv("HF_HUB_CACHE", folder("hub").c_str(), 1);
    const fs::path repository = writeRepository(folder("hub"), "a--b");
    fixtures::writeFile(repository / "refs" / "main", "../../../../etc");
    EXPECT_THAT(failureOf("a/b"), HasSubstr("no commit name"));
    fixtures::writeFile(repository / "refs" / "main", std::string(40, 'c'));
    EXPECT_THAT(failureOf("a/b"), HasSubstr("is missing"));
    fs::remove(repository / "refs" / "main");
    EXPECT_THAT(failureOf("a/b"), HasSubstr("no revision \"main\""));
    EXPECT_THAT(failureOf("x/y"), HasSubstr("\"hf download x/y\""));
    EXPECT_THAT(failureOf("x/y@v2"), HasSubstr("\"hf download x/y --revision v2\""));
}

TEST_F(HubCache, NamesThatAreNoIdsAreNotLookedUp) {
    for (const char* name : {"a/b/c", "../x", "a/..", "a b", "/gone", "a/b@../../x", "a/b@", "@"})
        EXPECT_THAT(failureOf(name), HasSubstr("does not exist")) << name;
    EXPECT_THAT(failureOf(""), HasSubstr("No checkpoint is named"));
}

TEST_F(HubCache, FoldersWinOverIdsAndDemoIsOurs) {
    EXPECT_EQ(locateCheckpoint("demo"), sharedResource("demo"));
    const fs::path model = fixtures::writeTinyT5(folder("model"));
    EXPECT_EQ(locateCheckpoint(model.string()), model);
}

}  // namespace
}  // namespace rankscope::checkpoint
