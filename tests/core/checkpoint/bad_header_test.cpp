// SPDX-License-Identifier: Apache-2.0
// Cases 1 to 33: weight files that are damaged or unusual.
#include <cmath>
#include <limits>
#include <random>

#include "core/base/error.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

using fixtures::writeFile;

struct BadFile {
    const char* test;
    std::string bytes;
    std::vector<std::string> parts;  ///< of the message, besides the file's name
};

/// A header of one tensor "a", every field given as JSON text.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}}";
}

std::string two(const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
}

const std::string f32 = R"("F32")";

std::string spoiled(const std::string& name, const std::string& dtype, const std::string& shape,
                    std::size_t bytes) {
    auto tensors = tinyRawTensors();
    for (RawTensor& tensor : tensors)
        if (tensor.name == name) tensor = {name, dtype, shape, std::string(bytes, '\0')};
    return fileOf(tensors);
}

std::vector<BadFile> badFiles() {
    const std::string q = "encoder.block.0.layer.0.SelfAttention.q.weight";  // [24, 32]
    const std::string brackets(100'000, '[');
    return {
        {"Case001_EmptyFile", "", {"it is empty"}},
        {"Case002_SevenBytes", "1234567", {"7 bytes"}},
        {"Case003_LengthZero", lengthField(0) + "{}", {"length of its header is 0"}},
        {"Case004_LengthBeyondFile", lengthField(300) + "{}", {"300 bytes", "only 2 follow"}},
        {"Case005_LengthOverCap", lengthField(100'000'001) + "{}", {"100000001", "100000000"}},
        {"Case006_LengthWraps", lengthField(0xFFFFFFFFFFFFFFF8U) + "{}", {"18446744073709551608"}},
        {"Case007_HeaderNotUtf8", fileOf("{\"\xff\":1}", ""), {"UTF-8"}},
        {"Case008_HeaderOnlyBrace", fileOf("{", ""), {"not valid JSON"}},
        {"Case009_HeaderIsArray", fileOf("[]", ""), {"not a JSON object"}},
        {"Case009_HeaderIsNumber", fileOf("17", ""), {"not a JSON object"}},
        {"Case010_DeepBrackets", fileOf("{\"a\":" + brackets, ""), {"nested more than 64"}},
        {"Case011_DuplicateTensor",
         fileOf(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                "x"),
         {"\"a\"", "twice"}},
        {"Case012_DuplicateKeyInEntry",
         fileOf(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "x"),
         {"\"dtype\"", "twice"}},
        {"Case013_NoDtype",
         fileOf(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", "x"),
         {"\"a\"", "no \"dtype\""}},
        {"Case013_NoShape",
         fileOf(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", "x"),
         {"\"a\"", "no \"shape\""}},
        {"Case013_NoOffsets",
         fileOf(R"({"a":{"dtype":"U8","shape":[1]}})", "x"),
         {"\"a\"", "no \"data_offsets\""}},
        {"Case013_EntryIsText", fileOf(R"({"a":"F32"})", ""), {"\"a\"", "object"}},
        {"Case014_UnknownDtype",
         fileOf(one(R"("F31")", "[1]", "[0,4]"), "1234"),
         {"\"a\"", "unknown dtype \"F31\""}},
        {"Case015_WeightOfUnsupportedDtype",
         spoiled(q, "F8_E4M3", "[24,32]", 768),
         {q, "F8_E4M3", "not supported"}},
        {"Case015_SubByteTypeOffByteBoundary",
         fileOf(one(R"("F4")", "[3]", "[0,2]"), "xx"),
         {"\"a\"", "F4", "byte boundary"}},
        {"Case016_NegativeDimension",
         fileOf(one(f32, "[-1]", "[0,4]"), "1234"),
         {"\"a\"", "dimension -1"}},
        {"Case016_FractionalDimension",
         fileOf(one(f32, "[1.5]", "[0,4]"), "1234"),
         {"\"a\"", "dimension 1.5"}},
        {"Case016_HugeDimension",
         fileOf(one(f32, "[1e400]", "[0,4]"), "1234"),
         {"a number is too large"}},
        {"Case016_DimensionIsText",
         fileOf(one(f32, R"(["1"])", "[0,4]"), "1234"),
         {"\"a\"", "dimension \"1\""}},
        {"Case017_ShapeProductWraps",
         fileOf(one(f32, "[4294967296,4294967297]", "[0,4]"), "1234"),
         {"\"a\"", "more elements", "[4294967296, 4294967297]"}},
        {"Case018_ByteCountWraps",
         fileOf(one(R"("F64")", "[2305843009213693953]", "[0,8]"), "12345678"),
         {"\"a\"", "more bytes", "2305843009213693953"}},
        {"Case019_OffsetsReversed",
         fileOf(one(f32, "[1]", "[4,0]"), "1234"),
         {"\"a\"", "before it begins"}},
        {"Case019_OffsetsNegative",
         fileOf(one(f32, "[1]", "[-4,0]"), "1234"),
         {"\"a\"", "data_offsets"}},
        {"Case019_ThreeOffsets",
         fileOf(one(f32, "[1]", "[0,4,8]"), "1234"),
         {"\"a\"", "data_offsets"}},
        {"Case020_Overlap",
         fileOf(two("[0,4]", "[2,6]"), "123456"),
         {"\"b\"", "overlaps tensor \"a\""}},
        {"Case021_Hole", fileOf(two("[0,4]", "[6,10]"), "1234567890"), {"\"b\"", "hole of 2"}},
        {"Case022_FirstOffsetNotZero",
         fileOf(one(f32, "[1]", "[2,6]"), "123456"),
         {"\"a\"", "hole of 2"}},
        {"Case023_TrailingBytes",
         fileOf(one(f32, "[1]", "[0,4]"), "12345"),
         {"1 bytes follow the last tensor"}},
        {"Case023_OnlyData", fileOf("{}", "12"), {"2 bytes follow"}},
        {"Case024_ShortByOneByte",
         fileOf(one(f32, "[1]", "[0,4]"), "123"),
         {"\"a\"", "holds only 3 bytes"}},
        {"Case025_TwoNamesOneRange",
         fileOf(two("[0,4]", "[0,4]"), "1234"),
         {"\"b\"", "overlaps tensor \"a\""}},
        {"Case026_EmptyTensorInsideAnother",
         fileOf(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                R"("b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
                "1234"),
         {"\"b\"", "overlaps tensor \"a\""}},
        {"Case029_MetadataHoldsNumber",
         fileOf(R"({"__metadata__":{"format":1}})", ""),
         {"__metadata__", "\"format\"", "not a text"}},
        {"Case029_MetadataIsList", fileOf(R"({"__metadata__":[]})", ""), {"__metadata__"}},
        {"Case031_ControlCharactersInName",
         fileOf("{\"a\\u001b[31m\\u202e\":{\"dtype\":\"F31\",\"shape\":[],\"data_offsets\":[0,0]}}",
                ""),
         {"a\\u001b[31m\\u202e", "unknown dtype"}},
        {"Case031_TensorNamedMetadata",
         fileOf(R"({"__metadata__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x"),
         {"__metadata__", "\"shape\""}},
        {"Case032_WeightIsThreeDimensional",
         spoiled(q, "F32", "[24,32,1]", 3072),
         {q, "[24, 32, 1]", "[24, 32]"}},
        {"Case032_WeightIsTurned", spoiled(q, "F32", "[32,24]", 3072), {q, "[32, 24]"}},
    };
}

class RefusedFile : public BadInput {
 public:
    explicit RefusedFile(BadFile file) : m_file(std::move(file)) {}
    void TestBody() override {
        writeFile(weights(), m_file.bytes);
        m_file.parts.push_back(weights().string());
        expectRefused(model().string(), m_file.parts);
    }

 private:
    BadFile m_file;
};

[[maybe_unused]] const bool registered = [] {
    for (const BadFile& file : badFiles())
        testing::RegisterTest("BadInput", file.test, nullptr, nullptr, __FILE__, __LINE__,
                              [file]() -> BadInput* { return new RefusedFile(file); });
    return true;
}();

TEST_F(BadInput, Case015_ExtraTensorOfUnsupportedDtypeIsListed) {
    auto tensors = tinyRawTensors();
    tensors.push_back({"scales", "F8_E8M0", "[4]", "1234"});
    writeFile(weights(), fileOf(tensors));
    const Checkpoint checkpoint = expectOpens({"scales (F8_E8M0, not supported)"});
    EXPECT_EQ(checkpoint.findTensor("scales"), nullptr);
}

TEST_F(BadInput, Case026_EmptyTensorAtUsedOffsetOpens) {
    auto tensors = tinyRawTensors();
    tensors.insert(tensors.begin(), {"nothing", "F32", "[0,7]", ""});
    writeFile(weights(), fileOf(tensors));
    expectOpens({"1 tensors are empty, first \"nothing\" of shape [0, 7]", "nothing"});
}

TEST_F(BadInput, Case027_ScalarAndEmptyTensorOpen) {
    auto tensors = tinyRawTensors();
    tensors.push_back({"scalar", "F32", "[]", "1234"});
    tensors.push_back({"empty", "I64", "[3,0]", ""});
    writeFile(weights(), fileOf(tensors));
    expectOpens({"2 tensors are not part of this T5", "scalar"});
}

TEST_F(BadInput, Case028_LeadingSpacesOpen) {
    const std::string good = fixtures::readFile(weights());
    std::uint64_t length = 0;
    std::memcpy(&length, good.data(), 8);
    writeFile(weights(),
              fileOf(std::string(24, ' ') + good.substr(8, length), good.substr(8 + length)));
    const Checkpoint checkpoint = expectOpens({"there are spaces before the header"});
    const auto tensors = fixtures::tinyTensors({});
    EXPECT_EQ(checkpoint.readTensor(*checkpoint.findTensor("shared.weight")).values,
              tensors.front().values);
}

TEST_F(BadInput, Case030_TwoHundredThousandTensorsOpen) {
    auto tensors = tinyRawTensors();
    for (int i = 0; i < 200'000; ++i)
        tensors.push_back({"extra." + std::to_string(i), "U8", "[1]", "x"});
    writeFile(weights(), fileOf(tensors));
    const Checkpoint checkpoint = expectOpens({"200000 tensors are not part of this T5"});
    EXPECT_LT(warningsOf(checkpoint).size(), 2000U);
}

TEST_F(BadInput, Case031_LongNamesAreCutInMessages) {
    auto tensors = tinyRawTensors();
    tensors.push_back({std::string(1 << 20, 'n'), "U8", "[1]", "x"});
    writeFile(weights(), fileOf(tensors));
    EXPECT_LT(warningsOf(expectOpens({"nnnn…"})).size(), 2000U);
    tensors.back().dtype = "F31";
    writeFile(weights(), fileOf(tensors));
    try {
        openCheckpoint(model().string());
        FAIL() << "opened";
    } catch (const Error& error) {
        EXPECT_LT(std::string(error.what()).size(), 2000U);
    }
}

TEST_F(BadInput, Case033_ValuesThatAreNotFiniteOpen) {
    const std::string name = "decoder.block.1.layer.2.DenseReluDense.wo.weight";  // [32, 64]
    auto tensors = fixtures::tinyTensors({});
    for (auto& tensor : tensors)
        if (tensor.name == name) {
            tensor.values[3] = std::numeric_limits<double>::quiet_NaN();
            tensor.values[70] = -INFINITY;
        }
    writeFile(weights(), fixtures::safetensorsBytes(tensors, DType::BF16));
    const Checkpoint checkpoint = expectOpens({});
    const Matrix matrix = checkpoint.readMatrix(*checkpoint.findMatrix(name));
    EXPECT_TRUE(std::isnan(matrix.values[3]));
    EXPECT_EQ(matrix.values[70], -INFINITY);
}

TEST_F(BadInput, EveryCutInTheHeaderIsRefused) {
    const std::string good = fixtures::readFile(weights());
    std::uint64_t length = 0;
    std::memcpy(&length, good.data(), 8);
    for (std::size_t size = 0; size < 8 + length + 3; ++size) {
        writeFile(weights(), good.substr(0, size));
        EXPECT_THROW(openCheckpoint(model().string()), Error) << size;
    }
}

TEST_F(BadInput, FlippedHeaderBitsOpenOrAreRefused) {
    const std::string good = fixtures::readFile(weights());
    std::uint64_t length = 0;
    std::memcpy(&length, good.data(), 8);
    std::mt19937_64 random(2024);
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        std::string bad = good;
        bad[random() % (8 + length)] ^= static_cast<char>(1U << (random() % 8));
        writeFile(weights(), bad);
        try {
            const Checkpoint checkpoint = openCheckpoint(model().string());
            // 2 + 2·7 + 2·11; a head whose name was hit is an unknown tensor, and noted.
            EXPECT_EQ(checkpoint.matrices().size(), checkpoint.tiedHead() ? 37U : 38U);
        } catch (const Error& error) {
            ++refused;
            EXPECT_THAT(error.what(), testing::HasSubstr("model.safetensors"));
        }
    }
    EXPECT_GT(refused, 600);
}

}  // namespace
}  // namespace rankscope::checkpoint
