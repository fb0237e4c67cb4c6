// SPDX-License-Identifier: Apache-2.0
// Cases 34 to 56: folders, indexes and configs.
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

namespace fs = std::filesystem;
using fixtures::writeFile;

const std::string q = "encoder.block.0.layer.0.SelfAttention.q.weight";

TEST_F(BadInput, Case034_NoConfig) {
    fs::remove(model() / "config.json");
    expectRefused(model().string(), {model().string(), "no config.json"});
    expectRefused(weights().string(), {model().string(), "no config.json"});
}

TEST_F(BadInput, Case035_ConfigIsHtml) {
    writeFile(model() / "config.json", "<!doctype html><html><body>Sign in</body></html>");
    expectRefused(model().string(), {"config.json", "HTML"});
}

TEST_F(BadInput, Case035_ConfigIsLfsPointer) {
    writeFile(model() / "config.json",
              "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n");
    expectRefused(model().string(), {"config.json", "Git-LFS pointer", "git lfs pull"});
}

TEST_F(BadInput, Case036_OtherModelType) {
    changeConfig([](Json& json) { json["model_type"] = "bart"; });
    expectRefused(model().string(), {"config.json", "\"bart\"", "only T5"});
}

TEST_F(BadInput, Case037_WrongWidth) {
    for (const char* width : {"-32", "0", "1e18", "1000000000000000000", "\"32\"", "32.5", "true",
                              "[32]", "18446744073709551615"}) {
        changeConfig([&](Json& json) { json["d_model"] = parseJson(width, "width"); });
        expectRefused(model().string(), {"config.json", "\"d_model\"", "whole number"});
    }
    writeFile(model() / "config.json", R"({"model_type": "t5", "d_model": NaN})");
    expectRefused(model().string(), {"config.json", "not valid JSON"});
}

TEST_F(BadInput, Case038_HeadsDoNotMatchWeights) {
    changeConfig([](Json& json) { json["num_heads"] = 4; });
    expectRefused(model().string(), {"model.safetensors", q, "[24, 32]", "[32, 32]", "4 x 8 = 32"});
}

TEST_F(BadInput, Case039_ShardIsMissing) {
    shard();
    fs::remove(shardPath(2));
    expectRefused(model().string(),
                  {"model.safetensors.index.json", "model-00002-of-00002.safetensors", "missing"});
}

TEST_F(BadInput, Case040_ShardNameLeavesFolder) {
    for (const char* name : {"../../x", "..", "a/b.safetensors", "..\\x", "", "./model"}) {
        shard();
        changeIndex([&](Json& json) { json["weight_map"][q] = name; });
        expectRefused(model().string(), {"index.json", q, "plain file name"});
    }
}

TEST_F(BadInput, Case041_ShardNameIsAbsolute) {
    shard();
    changeIndex([](Json& json) { json["weight_map"][q] = "/etc/passwd"; });
    expectRefused(model().string(), {"index.json", "/etc/passwd", "plain file name"});
}

TEST_F(BadInput, Case042_ShardIsPipeOrDevice) {
    shard();
    fs::remove(shardPath(1));
    ASSERT_EQ(::mkfifo(shardPath(1).c_str(), 0600), 0);
    expectRefused(model().string(), {"model-00001", "not a regular file"});
    fs::remove(shardPath(1));
    fs::create_symlink("/dev/zero", shardPath(1));
    expectRefused(model().string(), {"model-00001", "not a regular file"});
    fs::remove(shardPath(1));
    fs::create_directory(shardPath(1));
    expectRefused(model().string(), {"model-00001", "is a folder"});
}

TEST_F(BadInput, Case043_LinkLoop) {
    fs::remove(weights());
    fs::create_symlink("model.safetensors", weights());
    expectRefused(model().string(), {"model.safetensors", "symbolic links"});
    expectRefused(weights().string(), {"model.safetensors", "symbolic links"});
}

TEST_F(BadInput, Case044_LinkToBlobOpens) {
    fs::create_directories(model() / "blobs");
    fs::rename(weights(), model() / "blobs" / "abc");
    fs::create_symlink("blobs/abc", weights());
    EXPECT_EQ(warningsOf(expectOpens({})), "");
}

TEST_F(BadInput, LinkThatLeavesTheFolderIsNamed) {
    fs::rename(weights(), model().parent_path() / "elsewhere");
    fs::create_symlink("../elsewhere", weights());
    expectOpens({"model.safetensors is a link to", "elsewhere, outside the model's folder"});
}

TEST_F(BadInput, Case045_DanglingLink) {
    fs::remove(weights());
    fs::create_symlink("blobs/gone", weights());
    expectRefused(model().string(), {"model.safetensors", "blobs/gone", "does not exist"});
}

TEST_F(BadInput, Case046_TensorListedInWrongShard) {
    shard();
    changeIndex([](Json& json) {
        json["weight_map"]["shared.weight"] = "model-00002-of-00002.safetensors";
    });
    expectRefused(model().string(),
                  {"index.json", "shared.weight", "listed for model-00002", "is in model-00001"});
}

TEST_F(BadInput, Case046_ListedTensorIsNowhere) {
    shard();
    changeIndex([](Json& json) {
        json["weight_map"]["ghost.weight"] = "model-00002-of-00002.safetensors";
    });
    expectRefused(model().string(), {"index.json", "ghost.weight", "not in it"});
}

TEST_F(BadInput, Case047_TensorInTwoShards) {
    shard();
    writeFile(shardPath(2), fileOf(tinyRawTensors()));
    expectRefused(model().string(),
                  {"shared.weight", "two weight files", "model-00001", "model-00002"});
}

TEST_F(BadInput, Case048_ExtraTensorsAreListed) {
    auto tensors = tinyRawTensors();
    const std::string old =
        "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
    tensors.push_back({old, "F32", "[1]", "1234"});
    writeFile(weights(), fileOf(tensors));
    const Checkpoint checkpoint = expectOpens({"1 tensors are not part of this T5", old});
    EXPECT_EQ(checkpoint.parameterCount(), openCheckpoint(model().string()).denseParameterCount());
}

TEST_F(BadInput, Case049_MissingWeightsAreListedAndCounted) {
    auto tensors = tinyRawTensors();
    std::erase_if(tensors, [](const RawTensor& tensor) { return tensor.name == q; });
    writeFile(weights(), fileOf(tensors));
    expectRefused(model().string(), {"1 tensors are missing", q});
    std::erase_if(tensors,
                  [](const RawTensor& tensor) { return tensor.name.starts_with("decoder"); });
    writeFile(weights(), fileOf(tensors));
    // Two blocks of 4 + 4 + 3 matrices and 3 norms, the position table, the last norm; and q.
    expectRefused(model().string(), {"31 tensors are missing", "and 21 more"});
}

TEST_F(BadInput, Case050_WrongTotalSizeIsNoted) {
    shard();
    changeIndex([](Json& json) { json["metadata"]["total_size"] = 17; });
    expectOpens({"total_size says 17 bytes"});
}

TEST_F(BadInput, Case051_SafetensorsWinOverPickle) {
    writeFile(model() / "pytorch_model.bin", "PK");
    expectOpens({"also holds pytorch_model.bin; the safetensors weights are used"});
}

TEST_F(BadInput, PickleAloneIsRefusedWithAdvice) {
    fs::remove(weights());
    writeFile(model() / "pytorch_model.bin", "PK");
    const std::vector<std::string> parts{"pytorch_model.bin", "python3 -c", "save_pretrained",
                                         "safe_serialization=True", model().string()};
    expectRefused(model().string(), parts);
    expectRefused((model() / "pytorch_model.bin").string(), parts);
}

TEST_F(BadInput, Case052_OneFileUnderTwoNames) {
    shard();
    changeIndex([](Json& json) {
        json["weight_map"]["shared.weight"] = "./model-00001-of-00002.safetensors";
    });
    expectRefused(model().string(), {"./model-00001", "plain file name"});
    changeIndex([](Json& json) { json["weight_map"]["shared.weight"] = "MODEL-1.safetensors"; });
    fs::create_hard_link(shardPath(1), model() / "MODEL-1.safetensors");
    expectRefused(model().string(),
                  {"index.json", "MODEL-1.safetensors", "model-00001", "the same file"});
}

TEST_F(BadInput, Case053_UnreadableShard) {
    shard();
    fs::permissions(shardPath(2), fs::perms::none);
    if (::geteuid() == 0) {
        EXPECT_EQ(warningsOf(expectOpens({})), "");  // root reads every mode
        return;
    }
    EXPECT_THROW(
        {
            try {
                openCheckpoint(model().string());
            } catch (const Error& error) {
                EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("model-00002"),
                                                         testing::HasSubstr("Permission denied")));
                throw;
            }
        },
        Error);
}

TEST_F(BadInput, Case054_PythonFilesAreNeverRun) {
    writeFile(model() / "modeling_evil.py", "open('ran', 'w')\n");
    changeConfig([](Json& json) {
        json["auto_map"] = {{"AutoModelForSeq2SeqLM", "modeling_evil.M"}};
    });
    expectOpens({"auto_map", "never run", "modeling_evil.py"});
    EXPECT_FALSE(fs::exists(model() / "ran"));
}

TEST_F(BadInput, Case055_FileChangedAfterOpening) {
    const Checkpoint checkpoint = expectOpens({});
    const TensorEntry& tensor = *checkpoint.findTensor(q);
    EXPECT_NO_THROW(checkpoint.readBytes(tensor));
    const auto refusal = [&](const auto& read) -> std::string {
        try {
            read();
        } catch (const Error& error) {
            return error.what();
        }
        return "read";
    };
    const auto changed = testing::AllOf(testing::HasSubstr(weights().string()),
                                        testing::HasSubstr("changed or replaced"));
    const std::string good = fixtures::readFile(weights());
    fs::resize_file(weights(), 100);  // cut short
    EXPECT_THAT(refusal([&] { checkpoint.readBytes(tensor); }), changed);
    EXPECT_THAT(refusal([&] { checkpoint.contentHash(Progress()); }), changed);
    fs::remove(weights());
    EXPECT_THAT(refusal([&] { checkpoint.readBytes(tensor); }), testing::HasSubstr("No such file"));
    writeFile(weights(), good);  // same size, another file
    EXPECT_THAT(refusal([&] { checkpoint.readBytes(tensor); }), changed);
}

TEST_F(BadInput, Case055_FileOverwrittenInPlace) {
    fs::last_write_time(weights(), fs::file_time_type::clock::now() - std::chrono::hours(1));
    const Checkpoint checkpoint = expectOpens({});
    writeFile(weights(), fixtures::readFile(weights()));  // same inode, same size, newer
    EXPECT_THROW(checkpoint.readBytes(*checkpoint.findTensor(q)), Error);
    EXPECT_NE(openCheckpoint(model().string()).fingerprint(), checkpoint.fingerprint());
}

TEST_F(BadInput, Case056_VocabularyOfTensorWins) {
    changeConfig([](Json& json) { json["vocab_size"] = 32128; });
    const Checkpoint checkpoint = expectOpens({"vocab_size 32128", "160 rows"});
    EXPECT_EQ(checkpoint.findMatrix("shared.weight")->rows, 160);
    EXPECT_EQ(checkpoint.findMatrix("lm_head.weight")->rows, 160);
}

TEST_F(BadInput, Case056_HeadOfAnotherVocabularyIsRefused) {
    auto tensors = fixtures::tinyTensors({});
    for (auto& tensor : tensors)
        if (tensor.name == "lm_head.weight") {
            tensor.shape[0] = 150;
            tensor.values.resize(std::size_t{150} * 32);
        }
    writeFile(weights(), fixtures::safetensorsBytes(tensors, DType::F32));
    expectRefused(model().string(), {"lm_head.weight", "[150, 32]", "[160, 32]"});
}

TEST_F(BadInput, EmptyFolderAndMissingPathAreNamed) {
    const fs::path empty = model().parent_path() / "empty";
    fs::create_directory(empty);
    expectRefused(empty.string(), {empty.string(), "neither model.safetensors nor"});
    expectRefused((empty / "gone").string(), {"gone", "does not exist"});
    fs::rename(weights(), model() / "other.safetensors");
    expectRefused(model().string(), {"other.safetensors"});
}

TEST_F(BadInput, IndexThatIsNoIndexIsRefused) {
    const fs::path index = shard();
    for (const char* text : {"{}", "[]", "{\"weight_map\": []}", "{\"weight_map\": {}}",
                             "{\"weight_map\": {\"a\": 1}}", "{"}) {
        writeFile(index, text);
        expectRefused(model().string(), {"index.json"});
    }
}

}  // namespace
}  // namespace rankscope::checkpoint
