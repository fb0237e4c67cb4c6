// SPDX-License-Identifier: Apache-2.0
#include "core/compress/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/sha256.h"
#include "core/compress/storage_forms.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/spectra/compute_spectra.h"
#include "tests/core/compress/compress_fixture.h"

namespace rankscope::compress {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Storage;
using checkpoint::WeightMatrix;
using fixtures::TinyT5;

/// Plain product, so that nothing of the program's own multiplication is trusted here.
Matrix product(const Matrix& a, const Matrix& b) {
    Matrix c{std::vector<double>(static_cast<std::size_t>(a.rows * b.columns)), a.rows, b.columns};
    for (std::int64_t i = 0; i < a.rows; ++i)
        for (std::int64_t k = 0; k < a.columns; ++k)
            for (std::int64_t j = 0; j < b.columns; ++j)
                c.values[static_cast<std::size_t>(i * b.columns + j)] +=
                    a.values[static_cast<std::size_t>(i * a.columns + k)] *
                    b.values[static_cast<std::size_t>(k * b.columns + j)];
    return c;
}

struct Kind {
    DType dtype;
    bool tied;
    plan::StorageChoice storage;
};

class EveryForm : public CompressTest, public ::testing::WithParamInterface<Kind> {};

TEST_P(EveryForm, ReadsBackWithTheErrorTheSpectrumPredicts) {
    const Kind kind = GetParam();
    const Checkpoint source = make({.gated = !kind.tied, .tied = kind.tied, .dtype = kind.dtype});
    const plan::CompressionPlan plan = planFor(source, kind.storage, 6);
    const CompressResult result = save(source, plan, into("out"), quiet);
    EXPECT_TRUE(result.verified);
    EXPECT_EQ(beside(), (std::vector<std::string>{"out", "source"}));
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    EXPECT_EQ(saved.tiedHead(), kind.tied);
    EXPECT_EQ(saved.parameterCount(), result.parameters.stored);
    EXPECT_EQ(saved.denseParameterCount(), source.denseParameterCount());
    // Two roundings of at most one unit roundoff each (docs/methods/storage.md); float32 to 1e-5.
    const double rounding = kind.dtype == DType::F32 ? 1e-5 : 5 * unitRoundoff(kind.dtype);
    ASSERT_EQ(result.layers.size(), plan.entries.size());
    for (const LayerResult& layer : result.layers) {
        const WeightMatrix& before = *source.findMatrix(layer.name);
        const WeightMatrix& after = *saved.findMatrix(layer.name);
        EXPECT_EQ(after.storage, layer.storage) << layer.name;
        EXPECT_EQ(after.dtype, kind.dtype);
        const Matrix weight = source.readMatrix(before);
        const spectra::Spectrum spectrum(
            layer.name, before.rows, before.columns,
            engine().algebra(backend::Device{}).singularValues(weight).values);
        const double expected = spectrum.relativeError(layer.kept ? spectrum.size() : 6);
        EXPECT_NEAR(layer.predictedError, expected, 1e-7) << layer.name;
        EXPECT_NEAR(layer.relativeError, expected, rounding) << layer.name;
        // And once more by the reader of the checkpoint alone.
        EXPECT_NEAR(distance(weight, saved.readMatrix(after)) / frobeniusNorm(weight),
                    layer.relativeError, 1e-12);
    }
}

TEST_P(EveryForm, LeavesAllOtherTensorsByteForByte) {
    const Kind kind = GetParam();
    const Checkpoint source = make({.gated = !kind.tied, .tied = kind.tied, .dtype = kind.dtype});
    save(source, planFor(source, kind.storage, 6, "q,wo"), into("out"), quiet);
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    std::size_t same = 0;
    for (const checkpoint::TensorEntry& entry : source.tensors()) {
        const auto matrix = checkpoint::matrixOfTensorName(entry.name);
        if (matrix && (matrix->role == checkpoint::Role::Q || matrix->role == checkpoint::Role::Wo))
            continue;
        const checkpoint::TensorEntry* kept = saved.findTensor(entry.name);
        ASSERT_NE(kept, nullptr) << entry.name;
        EXPECT_EQ(saved.readBytes(*kept), source.readBytes(entry)) << entry.name;
        ++same;
    }
    EXPECT_GT(same, 20U);
    EXPECT_EQ(saved.findTensor("lm_head.weight") == nullptr, kind.tied);
    EXPECT_EQ(saved.findTensor("encoder.embed_tokens.weight"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(DtypesHeadsStorages, EveryForm,
                         ::testing::Values(Kind{DType::F32, false, plan::StorageChoice::Dense},
                                           Kind{DType::F32, true, plan::StorageChoice::Dense},
                                           Kind{DType::F32, false, plan::StorageChoice::Factored},
                                           Kind{DType::F32, true, plan::StorageChoice::Pivoted},
                                           Kind{DType::BF16, false, plan::StorageChoice::Dense},
                                           Kind{DType::BF16, true, plan::StorageChoice::Factored},
                                           Kind{DType::BF16, false, plan::StorageChoice::Auto},
                                           Kind{DType::F16, false, plan::StorageChoice::Factored},
                                           Kind{DType::F16, true, plan::StorageChoice::Auto}));

TEST_F(CompressTest, DenseIsTheBestApproximationItself) {
    const Checkpoint source = make();
    save(source, planFor(source, plan::StorageChoice::Dense, 3, "wo"), into("out"), quiet);
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    for (const WeightMatrix& matrix : source.matrices()) {
        if (matrix.role != checkpoint::Role::Wo) continue;
        const backend::Factors factors =
            engine().algebra(backend::Device{}).truncatedSvd(source.readMatrix(matrix), 3);
        const Matrix expected = product(factors.left, factors.right);
        const Matrix got = saved.readMatrix(*saved.findMatrix(matrix.name));
        for (std::size_t i = 0; i < got.values.size(); ++i)
            EXPECT_EQ(got.values[i], static_cast<double>(static_cast<float>(expected.values[i])));
    }
}

TEST_F(CompressTest, WritesConfigRecordAndCopies) {
    const Checkpoint source = make();
    fixtures::writeFile(folder / "source" / "modeling_evil.py", "raise SystemExit");
    CompressOptions options = into("out");
    options.seed = 42;
    options.command = "rankscope-cli compress …";
    const plan::CompressionPlan plan =
        planFor(source, plan::StorageChoice::Pivoted, 6, "attention");
    save(source, plan, options, quiet);
    const std::filesystem::path out = folder / "out";
    EXPECT_FALSE(std::filesystem::exists(out / "modeling_evil.py"));
    EXPECT_FALSE(std::filesystem::exists(out / "scratch"));
    for (const char* name : {"modeling_rankscope_t5.py", "configuration_rankscope_t5.py"})
        EXPECT_TRUE(std::filesystem::exists(out / name));
    for (const char* name : {"generation_config.json", "tokenizer_config.json"})
        EXPECT_EQ(fixtures::readFile(out / name), fixtures::readFile(folder / "source" / name));
    const Json config = parseJson(fixtures::readFile(out / "config.json"), "config.json");
    EXPECT_EQ(config["model_type"], "rankscope_t5");
    EXPECT_EQ(config["tie_word_embeddings"], false);
    EXPECT_EQ(config["rankscope"]["tied_head"], false);
    EXPECT_EQ(config["rankscope"]["modules"].size(), plan.entries.size());
    EXPECT_EQ(config["rankscope"]["modules"]["encoder.block.1.layer.0.SelfAttention.q"],
              Json({{"storage", "pivoted"}, {"rank", 6}}));
    const Json record = parseJson(fixtures::readFile(out / "rankscope.json"), "rankscope.json");
    EXPECT_EQ(record["provenance"]["source_sha256"], source.contentHash(quiet));
    EXPECT_EQ(record["provenance"]["version"], RANKSCOPE_VERSION);
    EXPECT_EQ(record["provenance"]["seed"], 42);
    EXPECT_EQ(record["provenance"]["command"], "rankscope-cli compress …");
    const Checkpoint saved = checkpoint::openCheckpoint(out.string());
    EXPECT_EQ(saved.metadata().at("format"), "pt");
    EXPECT_EQ(parseJson(saved.metadata().at("rankscope"), "metadata"), record["provenance"]);
    std::size_t hashed = 0;
    for (const Json& layer : record["layers"])
        for (const auto& [name, tensor] : layer["tensors"].items()) {
            EXPECT_EQ(tensor["sha256"], sha256Hex(saved.readBytes(*saved.findTensor(name))));
            ++hashed;
        }
    EXPECT_EQ(hashed, 3 * plan.entries.size());
}

TEST_F(CompressTest, DenseSaveIsPlainT5) {
    const Checkpoint source = make();
    save(source, planFor(source, plan::StorageChoice::Dense, 6), into("out"), quiet);
    const Json config = parseJson(fixtures::readFile(folder / "out" / "config.json"), "config");
    Json expected = parseJson(fixtures::readFile(folder / "source" / "config.json"), "config");
    expected["tie_word_embeddings"] = false;
    expected["scale_decoder_outputs"] = false;
    expected["vocab_size"] = 160;
    if (!expected.contains("architectures"))
        expected["architectures"] = {"T5ForConditionalGeneration"};
    for (const auto& [key, value] : expected.items()) EXPECT_EQ(config[key], value) << key;
    EXPECT_EQ(config.size(), expected.size());
    EXPECT_FALSE(std::filesystem::exists(folder / "out" / "modeling_rankscope_t5.py"));
}

TEST_F(CompressTest, ShardsHaveAnIndex) {
    const Checkpoint source = make();
    CompressOptions options = into("out");
    options.shardBytes = 40'000;
    const CompressResult result =
        save(source, planFor(source, plan::StorageChoice::Factored, 6), options, quiet);
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    EXPECT_GT(saved.files().size(), 2U);
    EXPECT_EQ(saved.parameterCount(), result.parameters.stored);
    const Json index =
        parseJson(fixtures::readFile(folder / "out" / "model.safetensors.index.json"), "index");
    EXPECT_EQ(index["weight_map"].size(), saved.tensors().size());
    std::uint64_t bytes = 0;
    for (const checkpoint::TensorEntry& entry : saved.tensors()) bytes += entry.bytes;
    EXPECT_EQ(index["metadata"]["total_size"], bytes);
}

TEST_F(CompressTest, CompressedModelsAreCompressedAgain) {
    const Checkpoint source = make();
    save(source, planFor(source, plan::StorageChoice::Factored, 12), into("first"), quiet);
    const Checkpoint first = checkpoint::openCheckpoint((folder / "first").string());
    // Auto turns factors of the same rank into the pivoted form without loss …
    const plan::CompressionPlan same = planFor(first, plan::StorageChoice::Auto, 12);
    const CompressResult pivoted = save(first, same, into("second"), quiet);
    for (const LayerResult& layer : pivoted.layers) {
        EXPECT_EQ(layer.storage, Storage::Pivoted);
        EXPECT_LT(layer.relativeError, 1e-5);
    }
    // … leaves a pivoted one of that rank unchanged …
    const Checkpoint second = checkpoint::openCheckpoint((folder / "second").string());
    const CompressResult kept =
        save(second, planFor(second, plan::StorageChoice::Auto, 12), into("third"), quiet);
    EXPECT_TRUE(std::ranges::all_of(kept.layers, &LayerResult::kept));
    EXPECT_EQ(kept.parameters.stored, second.parameterCount());
    // … and lowers its rank, down to a plain dense model again.
    save(second, planFor(second, plan::StorageChoice::Dense, 5), into("dense"), quiet);
    const Checkpoint dense = checkpoint::openCheckpoint((folder / "dense").string());
    EXPECT_EQ(dense.config().modelType, "t5");
    EXPECT_EQ(dense.parameterCount(), source.parameterCount());
    const WeightMatrix& q = *source.findMatrix("encoder.block.0.layer.0.SelfAttention.q.weight");
    const Matrix weight = source.readMatrix(q);
    const spectra::Spectrum spectrum(q.name, q.rows, q.columns,
                                     engine().algebra({}).singularValues(weight).values);
    EXPECT_NEAR(
        distance(weight, dense.readMatrix(*dense.findMatrix(q.name))) / frobeniusNorm(weight),
        spectrum.relativeError(5), 1e-5);
}

TEST_F(CompressTest, ChangesTheDtypeOfEverythingOnRequest) {
    const Checkpoint source = make();
    CompressOptions options = into("out");
    options.dtype = DType::BF16;
    plan::CompressionPlan plan = planFor(source, plan::StorageChoice::Factored, 6, "q");
    plan = plan::withRank(source, plan, plan.entries[0].matrix.name, 24, plan::StorageChoice::Auto,
                          nullptr);
    ASSERT_TRUE(plan.entries[0].kept);
    const CompressResult result = save(source, plan, options, quiet);
    const Checkpoint saved = checkpoint::openCheckpoint((folder / "out").string());
    for (const checkpoint::TensorEntry& entry : saved.tensors())
        EXPECT_EQ(entry.dtype, DType::BF16) << entry.name;
    EXPECT_GT(result.layers[0].relativeError, 0);
    EXPECT_LT(result.layers[0].relativeError, 0x1p-8);
    EXPECT_LT(result.bytesAfter, result.bytesBefore * 6 / 10);
}

TEST_F(CompressTest, RefusesNumbersTooLargeForF16) {
    std::vector<fixtures::TinyTensor> tensors = fixtures::tinyTensors({});
    for (fixtures::TinyTensor& tensor : tensors)
        if (tensor.name == "shared.weight") tensor.values[5] = 70000;
    make();
    fixtures::writeFile(folder / "source" / "model.safetensors",
                        fixtures::safetensorsBytes(tensors, DType::F32));
    const Checkpoint source = checkpoint::openCheckpoint((folder / "source").string());
    CompressOptions options = into("out");
    options.dtype = DType::F16;
    try {
        save(source, planFor(source, plan::StorageChoice::Factored, 6), options, quiet);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.subject(), "shared.weight");
        EXPECT_THAT(error.what(), ::testing::HasSubstr("F16"));
    }
    EXPECT_EQ(beside(), std::vector<std::string>{"source"});
}

TEST(RoundTo, StopsWhereTheTypeEnds) {
    EXPECT_NO_THROW(roundTo(DType::F16, std::vector{65519.0}, "t"));
    EXPECT_THROW(roundTo(DType::F16, std::vector{65520.0}, "t"), Error);
    EXPECT_NO_THROW(roundTo(DType::BF16, std::vector{3.38e38}, "t"));
    EXPECT_THROW(roundTo(DType::BF16, std::vector{3.4e38}, "t"), Error);
    EXPECT_THROW(roundTo(DType::F32, std::vector{-3.5e38}, "t"), Error);
    EXPECT_NO_THROW(roundTo(DType::F64, std::vector{1e300}, "t"));
}

TEST_F(CompressTest, RefusesWhatIsNotFinite) {
    std::vector<fixtures::TinyTensor> tensors = fixtures::tinyTensors({});
    const std::string name = "decoder.block.0.layer.0.SelfAttention.v.weight";
    for (fixtures::TinyTensor& tensor : tensors)
        if (tensor.name == name) tensor.values[33] = std::nan("");
    make();
    fixtures::writeFile(folder / "source" / "model.safetensors",
                        fixtures::safetensorsBytes(tensors, DType::F32));
    const Checkpoint source = checkpoint::openCheckpoint((folder / "source").string());
    try {
        save(source, planFor(source, plan::StorageChoice::Auto, 6), into("out"), quiet);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
    }
    EXPECT_EQ(beside(), std::vector<std::string>{"source"});
}

TEST_F(CompressTest, ZeroAndRankDeficientMatricesAreValid) {
    std::vector<fixtures::TinyTensor> tensors = fixtures::tinyTensors({});
    for (fixtures::TinyTensor& tensor : tensors) {
        if (tensor.name == "encoder.block.0.layer.0.SelfAttention.q.weight")
            std::ranges::fill(tensor.values, 0.0);
        if (tensor.name == "encoder.block.0.layer.0.SelfAttention.k.weight")
            for (std::size_t i = 0; i < tensor.values.size(); ++i)
                tensor.values[i] = static_cast<double>((i / 32 + 1) * (i % 32));  // rank 1
    }
    make();
    fixtures::writeFile(folder / "source" / "model.safetensors",
                        fixtures::safetensorsBytes(tensors, DType::F32));
    const Checkpoint source = checkpoint::openCheckpoint((folder / "source").string());
    for (const auto storage :
         {plan::StorageChoice::Auto, plan::StorageChoice::Factored, plan::StorageChoice::Dense}) {
        CompressOptions options = into("out");
        options.force = true;
        const CompressResult result =
            save(source, planFor(source, storage, 6, "q,k"), options, quiet);
        EXPECT_EQ(result.layers[0].relativeError, 0);
        EXPECT_LT(result.layers[1].relativeError, 1e-5);
    }
}

}  // namespace
}  // namespace rankscope::compress
