// SPDX-License-Identifier: Apache-2.0
// Parameter counts of the published models, from sparse files with complete headers.
#include <fmt/format.h>
#include <sys/resource.h>

#include "core/checkpoint/t5_tensors.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

struct Published {
    const char* name;
    std::int64_t dModel, dKv, dFf, heads, layers;
    bool flan;  ///< gated and untied, else T5 v1.0
    std::int64_t parameters;
};

/// Sizes and counts of the published models (Flan-T5 as its files hold, T5 v1.0 by formula).
const std::vector<Published> models{
    {"flan_t5_small", 512, 64, 1024, 6, 8, true, 76'961'152},
    {"flan_t5_base", 768, 64, 2048, 12, 12, true, 247'577'856},
    {"flan_t5_large", 1024, 64, 2816, 16, 24, true, 783'150'080},
    {"flan_t5_xl", 2048, 64, 5120, 32, 24, true, 2'849'757'184},
    {"flan_t5_xxl", 4096, 64, 10240, 64, 24, true, 11'135'332'352},
    {"t5_small", 512, 64, 2048, 8, 6, false, 60'506'624},
    {"t5_base", 768, 64, 3072, 12, 12, false, 222'903'552},
    {"t5_large", 1024, 64, 4096, 16, 24, false, 737'668'096},
    {"t5_3b", 1024, 128, 16384, 32, 24, false, 2'851'598'336},
    {"t5_11b", 1024, 128, 65536, 128, 24, false, 11'307'321'344},
};

/// A folder whose weights take no room: the header is real, the data is one hole.
void writeSparse(const std::filesystem::path& folder, const Published& model) {
    std::filesystem::create_directories(folder);
    const Json config{{"model_type", "t5"},
                      {"d_model", model.dModel},
                      {"d_kv", model.dKv},
                      {"d_ff", model.dFf},
                      {"num_heads", model.heads},
                      {"num_layers", model.layers},
                      {"vocab_size", 32128},
                      {"feed_forward_proj", model.flan ? "gated-gelu" : "relu"},
                      {"tie_word_embeddings", !model.flan}};
    fixtures::writeFile(folder / "config.json", config.dump());
    std::vector<std::string> warnings;
    const T5Config parsed = parseT5Config(config.dump(), "config", warnings);
    const T5Tensors tensors = expectedTensors(parsed, 32128, model.flan);
    std::string header = R"({"__metadata__":{"format":"pt"})";
    std::uint64_t end = 0;
    const auto add = [&](const std::string& name, const Shape& shape) {
        const auto bytes = 4 * static_cast<std::uint64_t>(elementCount(shape).value());
        header += fmt::format(R"(,"{}":{{"dtype":"F32","shape":{},"data_offsets":[{},{}]}})", name,
                              toString(shape), end, end + bytes);
        end += bytes;
    };
    for (const WeightMatrix& matrix : tensors.matrices)
        add(matrix.name, {matrix.rows, matrix.columns});
    for (const PlainTensor& tensor : tensors.others) add(tensor.name, tensor.shape);
    const auto path = folder / "model.safetensors";
    fixtures::writeFile(path, fileOf(header + "}", ""));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) + end);
}

class PublishedModels : public testing::TestWithParam<Published> {};

TEST_P(PublishedModels, CountIsThatOfThePublishedFile) {
    const fixtures::TempFolder folder;
    writeSparse(folder.path(), GetParam());
    const Checkpoint checkpoint = openCheckpoint(folder.path().string());
    EXPECT_EQ(checkpoint.parameterCount(), GetParam().parameters);
    EXPECT_EQ(checkpoint.denseParameterCount(), GetParam().parameters);
    EXPECT_EQ(checkpoint.tiedHead(), !GetParam().flan);
    EXPECT_EQ(warningsOf(checkpoint), "");
    EXPECT_GT(checkpoint.byteCount(), 4 * static_cast<std::uint64_t>(GetParam().parameters));
}

INSTANTIATE_TEST_SUITE_P(, PublishedModels, testing::ValuesIn(models),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(FlanT5, BaseHasTheTensorsAndModulesOfThePublishedFile) {
    const fixtures::TempFolder folder;
    writeSparse(folder.path(), models[1]);
    const Checkpoint checkpoint = openCheckpoint(folder.path().string());
    EXPECT_EQ(checkpoint.tensors().size(), 282U);
    EXPECT_EQ(checkpoint.matrices().size(), 218U);  // 216 linear ones, embedding and head
}

/// Nine terabytes, of which none are stored: who reads them is not done within CTest's time.
TEST(FlanT5, OpensByItsHeaderAlone) {
    const fixtures::TempFolder folder;
    Published vast = models[2];
    vast.dModel = 16'000;
    vast.dFf = 1'000'000;
    try {
        writeSparse(folder.path(), vast);
    } catch (const std::filesystem::filesystem_error& error) {
        GTEST_SKIP() << "no file may be that large here: " << error.what();
    }
    rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    const Checkpoint checkpoint = openCheckpoint(folder.path().string());
    rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    EXPECT_GT(checkpoint.byteCount(), 9'000'000'000'000U);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 20 * 1024);  // KiB
}

}  // namespace
}  // namespace rankscope::checkpoint
