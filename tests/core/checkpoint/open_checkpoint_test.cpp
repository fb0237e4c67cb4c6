// SPDX-License-Identifier: Apache-2.0
// Checkpoints that must open: forms, element types and kinds of T5.
#include <cmath>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

namespace fs = std::filesystem;
using fixtures::TinyT5;

class OpenCheckpoint : public BadInput {
 public:
    Checkpoint open(const TinyT5& kind) {
        fixtures::writeTinyT5(model(), kind);
        return openCheckpoint(model().string());
    }
    void renameTensor(const std::string& from, const std::string& to) {
        auto tensors = tinyRawTensors();
        for (RawTensor& tensor : tensors)
            if (tensor.name == from) tensor.name = to;
        fixtures::writeFile(weights(), fileOf(tensors));
    }
};

std::int64_t numbersOf(const TinyT5& kind) {
    std::int64_t count = 0;
    for (const auto& tensor : fixtures::tinyTensors(kind))
        count += static_cast<std::int64_t>(tensor.values.size());
    return count;
}

TEST_F(OpenCheckpoint, EveryKindOfT5) {
    std::vector<TinyT5> kinds(5);
    kinds[1].gated = false, kinds[1].tied = true;             // T5 v1.0
    kinds[2].encoderLayers = 3, kinds[2].decoderLayers = 1;   // different depth
    kinds[3].dtype = DType::BF16, kinds[3].vocabulary = 163;  // halves, odd vocabulary
    kinds[4].heads = 4, kinds[4].dtype = DType::F16;          // inner = d_model
    for (const TinyT5& kind : kinds) {
        const Checkpoint checkpoint = open(kind);
        EXPECT_EQ(warningsOf(checkpoint), "");
        EXPECT_EQ(checkpoint.parameterCount(), numbersOf(kind));
        EXPECT_EQ(checkpoint.denseParameterCount(), numbersOf(kind));
        EXPECT_EQ(checkpoint.tiedHead(), kind.tied);
        EXPECT_EQ(checkpoint.config().inner(), kind.heads * kind.dKv);
        EXPECT_EQ(checkpoint.matrices().front().name, "shared.weight");
        const auto linear = static_cast<std::size_t>(kind.encoderLayers * (kind.gated ? 7 : 6) +
                                                     kind.decoderLayers * (kind.gated ? 11 : 10));
        EXPECT_EQ(checkpoint.matrices().size(), linear + (kind.tied ? 1 : 2));
        for (const WeightMatrix& matrix : checkpoint.matrices()) {
            EXPECT_EQ(matrix.dtype, kind.dtype);
            EXPECT_EQ(matrix.storage, Storage::Dense);
            EXPECT_EQ(matrix.rank, matrix.fullRank());
        }
    }
}

TEST_F(OpenCheckpoint, FoldersOfTransformers4And5) {
    for (const std::string version : {"transformers_v4", "transformers_v5"}) {
        const fs::path folder = fs::path(GOLDEN_FOLDER) / version;
        const Json facts = parseJson(fixtures::readFile(folder.string() + ".json"), version);
        const Checkpoint checkpoint = openCheckpoint(folder.string());
        EXPECT_EQ(warningsOf(checkpoint), "");
        EXPECT_EQ(checkpoint.parameterCount(), facts["parameters"].get<std::int64_t>());
        EXPECT_FALSE(checkpoint.tiedHead());
        EXPECT_FALSE(checkpoint.config().scaleDecoderOutputs);
        EXPECT_EQ(checkpoint.config().isGatedAct, facts["is_gated_act"].get<bool>());
        EXPECT_EQ(checkpoint.config().denseActFn, facts["dense_act_fn"].get<std::string>());
        std::size_t named = 0;
        for (const auto& [name, shape] : facts["shapes"].items()) {
            if (name.find("embed_tokens") != std::string::npos) continue;
            const TensorEntry* tensor = checkpoint.findTensor(name);
            ASSERT_NE(tensor, nullptr) << name;
            EXPECT_EQ(Json(tensor->shape), shape) << name;
            ++named;
        }
        EXPECT_EQ(named, checkpoint.tensors().size());
        const Matrix q = checkpoint.readMatrix(
            *checkpoint.findMatrix("encoder.block.0.layer.0.SelfAttention.q.weight"));
        ASSERT_EQ(q.values.size(), facts["q"].size());
        for (std::size_t i = 0; i < q.values.size(); ++i)
            EXPECT_EQ(q.values[i], std::strtod(facts["q"][i].get<std::string>().c_str(), nullptr));
    }
}

TEST_F(OpenCheckpoint, HalfTypesReadAsRounded) {
    for (const DType dtype : {DType::F16, DType::BF16, DType::F64}) {
        TinyT5 kind;
        kind.dtype = dtype;
        const Checkpoint checkpoint = open(kind);
        const auto tensors = fixtures::tinyTensors(kind);
        const Matrix read = checkpoint.readMatrix(checkpoint.matrices().front());
        const double step = dtype == DType::F16 ? 0x1p-11 : dtype == DType::BF16 ? 0x1p-8 : 0;
        for (std::size_t i = 0; i < read.values.size(); ++i) {
            const double wanted = tensors.front().values[i];
            ASSERT_NEAR(read.values[i], wanted, std::abs(wanted) * step + (step > 0 ? 1e-7 : 0));
        }
    }
}

TEST_F(OpenCheckpoint, ShardsByFolderIndexOrOneOfThem) {
    const std::int64_t parameters = openCheckpoint(model().string()).parameterCount();
    const fs::path index = shard();
    for (const fs::path& path : {model(), index, shardPath(1), shardPath(2)}) {
        const Checkpoint checkpoint = openCheckpoint(path.string());
        EXPECT_EQ(warningsOf(checkpoint), "");
        EXPECT_EQ(checkpoint.parameterCount(), parameters);
        EXPECT_EQ(checkpoint.files().size(), 2U);
        for (const auto& tensor : fixtures::tinyTensors({}))
            EXPECT_EQ(checkpoint.readTensor(*checkpoint.findTensor(tensor.name)).values,
                      tensor.values);
    }
}

TEST_F(OpenCheckpoint, SingleFileOfAnyName) {
    fs::rename(weights(), model() / "epoch 3.safetensors");
    const Checkpoint checkpoint = openCheckpoint((model() / "epoch 3.safetensors").string());
    EXPECT_EQ(checkpoint.folder(), model());
    EXPECT_EQ(checkpoint.parameterCount(), numbersOf({}));
}

TEST_F(OpenCheckpoint, AnyOfTheThreeEmbeddingNames) {
    for (const char* name : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}) {
        renameTensor("shared.weight", name);
        const Checkpoint checkpoint = expectOpens({});
        ASSERT_NE(checkpoint.findTensor("shared.weight"), nullptr);
        EXPECT_EQ(checkpoint.readMatrix(checkpoint.matrices().front()).values,
                  fixtures::tinyTensors({}).front().values);
        EXPECT_EQ(checkpoint.parameterCount(), numbersOf({}));
    }
    auto tensors = tinyRawTensors();
    tensors.push_back(tensors.front());
    tensors.back().name = "encoder.embed_tokens.weight";
    fixtures::writeFile(weights(), fileOf(tensors));
    EXPECT_EQ(expectOpens({"encoder.embed_tokens.weight is not used"}).parameterCount(),
              numbersOf({}));
}

TEST_F(OpenCheckpoint, HeadAndConfigThatDisagreeAreNoted) {
    changeConfig([](Json& json) { json["tie_word_embeddings"] = true; });
    EXPECT_FALSE(expectOpens({"lm_head.weight of its own"}).tiedHead());
    changeConfig([](Json& json) { json["scale_decoder_outputs"] = false; });
    EXPECT_EQ(warningsOf(expectOpens({})), "");  // as transformers 5 writes it
    TinyT5 tied;
    tied.tied = true;
    fixtures::writeTinyT5(model(), tied);
    changeConfig([](Json& json) { json["tie_word_embeddings"] = false; });
    EXPECT_TRUE(expectOpens({"no lm_head.weight"}).tiedHead());
}

TEST_F(OpenCheckpoint, FingerprintFollowsTheFilesAndContentHashTheBytes) {
    const Checkpoint checkpoint = openCheckpoint(model().string());
    const std::string file = fixtures::readFile(weights());
    const std::string hash = sha256Hex(std::as_bytes(std::span(file)));
    EXPECT_EQ(checkpoint.contentHash(Progress()), hash);
    EXPECT_EQ(openCheckpoint(weights().string()).fingerprint(), checkpoint.fingerprint());
    EXPECT_EQ(checkpoint.fingerprint().size(), 64U);
    fs::last_write_time(weights(), fs::last_write_time(weights()) + std::chrono::milliseconds(1));
    const Checkpoint touched = openCheckpoint(model().string());
    EXPECT_NE(touched.fingerprint(), checkpoint.fingerprint());
    EXPECT_EQ(touched.contentHash(Progress()), hash);
}

TEST_F(OpenCheckpoint, ContentHashStopsWhenAsked) {
    class Stop : public Progress {
     public:
        bool stopRequested() const override { return true; }
    };
    const Checkpoint checkpoint = openCheckpoint(model().string());
    try {
        checkpoint.contentHash(Stop());
        FAIL() << "not stopped";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
    }
}

}  // namespace
}  // namespace rankscope::checkpoint
