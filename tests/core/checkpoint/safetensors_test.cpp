// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdlib>

#include "core/base/error.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path golden = fs::path(GOLDEN_FOLDER) / "values.safetensors";

std::span<const std::byte> bytesOf(const std::string& text) {
    return std::as_bytes(std::span(text));
}

SafetensorsHeader headerOf(const fs::path& path) {
    return readSafetensorsHeader(openForReading(path), path);
}

template <typename Work>
std::string failureOf(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Safetensors, ReadsWhatThePythonLibraryWrote) {
    const Json expected =
        parseJson(fixtures::readFile(fs::path(GOLDEN_FOLDER) / "values.json"), "values.json");
    const SafetensorsHeader header = headerOf(golden);
    EXPECT_EQ(header.metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
    const std::string file = fixtures::readFile(golden);
    std::size_t compared = 0;
    for (const TensorEntry& tensor : header.tensors) {
        if (!expected.contains(tensor.name)) continue;
        EXPECT_EQ(Json(tensor.shape), expected[tensor.name]["shape"]) << tensor.name;
        const auto values =
            toFloat64(tensor.dtype, bytesOf(file).subspan(tensor.offset, tensor.bytes));
        const Json& wanted = expected[tensor.name]["values"];
        ASSERT_EQ(values.size(), wanted.size()) << tensor.name;
        for (std::size_t i = 0; i < values.size(); ++i, ++compared) {
            const double value = std::strtod(wanted[i].get<std::string>().c_str(), nullptr);
            if (std::isnan(value))
                EXPECT_TRUE(std::isnan(values[i])) << tensor.name << i;
            else
                EXPECT_EQ(values[i], value) << tensor.name << i;
        }
    }
    EXPECT_EQ(compared, 3 * 12 + 4 * 15 + 1U);
    EXPECT_EQ(header.tensors.size(), 11U);
}

TEST(Safetensors, WritesTheBytesThatThePythonLibraryWrites) {
    const std::string file = fixtures::readFile(golden);
    const SafetensorsHeader header = headerOf(golden);
    std::vector<TensorToWrite> tensors;
    for (const TensorEntry& tensor : header.tensors)
        tensors.insert(tensors.begin(), {tensor.name, tensor.dtype, tensor.shape});
    const fixtures::TempFolder folder;
    SafetensorsWriter writer(folder / "copy.safetensors", tensors, {});
    for (const TensorToWrite& tensor : writer.order()) {
        const auto found = std::ranges::find(header.tensors, tensor.name, &TensorEntry::name);
        writer.write(bytesOf(file).subspan(found->offset, found->bytes));
    }
    EXPECT_EQ(writer.finish(), file.size());
    EXPECT_EQ(fixtures::readFile(folder / "copy.safetensors"), file);
}

TEST(Safetensors, WhatIsWrittenReadsTheSame) {
    const fixtures::TempFolder folder;
    const fs::path path = folder / "model.safetensors";
    SafetensorsWriter writer(path,
                             {{"b", DType::BF16, {3}},
                              {"rows", DType::I64, {2}},
                              {"a \"quoted\" é\n", DType::F32, {1, 2}},
                              {"none", DType::F32, {0, 5}}},
                             {{"format", "tf"}, {"source", "demo"}});
    std::map<std::string, std::string> data{{"rows", std::string(16, 'r')},
                                            {"a \"quoted\" é\n", std::string(8, 'a')},
                                            {"none", ""},
                                            {"b", std::string(6, 'b')}};
    std::vector<std::string> order;
    for (const TensorToWrite& tensor : writer.order()) {
        order.push_back(tensor.name);
        writer.write(bytesOf(data[tensor.name]));
    }
    EXPECT_EQ(order, (std::vector<std::string>{"rows", "a \"quoted\" é\n", "none", "b"}));
    EXPECT_EQ(writer.finish(), fs::file_size(path));
    const SafetensorsHeader header = headerOf(path);
    EXPECT_EQ(header.metadata,
              (std::map<std::string, std::string>{{"format", "pt"}, {"source", "demo"}}));
    EXPECT_EQ(header.dataStart % 8, 0U);
    const std::string file = fixtures::readFile(path);
    for (const TensorEntry& tensor : header.tensors)
        EXPECT_EQ(file.substr(tensor.offset, tensor.bytes), data[tensor.name]) << tensor.name;
}

TEST(Safetensors, WriterRefusesWrongRequests) {
    const fixtures::TempFolder folder;
    const fs::path path = folder / "x.safetensors";
    const auto opened = [&](std::vector<TensorToWrite> tensors) {
        return failureOf([&] { SafetensorsWriter(path, std::move(tensors), {}); });
    };
    EXPECT_THAT(opened({{"a", DType::F32, {1}}, {"a", DType::F16, {1}}}), HasSubstr("twice"));
    EXPECT_THAT(opened({{"__metadata__", DType::F32, {1}}}), HasSubstr("__metadata__"));
    EXPECT_THAT(opened({{"\xff", DType::F32, {1}}}), HasSubstr("UTF-8"));
    EXPECT_THAT(opened({{"a", DType::F32, {std::int64_t{1} << 62, 4}}}), HasSubstr("\"a\""));
    EXPECT_THAT(opened({{"a", DType::F4, {3}}}), HasSubstr("\"a\""));
    EXPECT_FALSE(fs::exists(path));
    fixtures::writeFile(path, "precious");
    EXPECT_THAT(opened({{"a", DType::F32, {1}}}), HasSubstr("File exists"));
    EXPECT_EQ(fixtures::readFile(path), "precious");
}

TEST(Safetensors, WriterCountsTensorsAndBytes) {
    const fixtures::TempFolder folder;
    SafetensorsWriter writer(folder / "x.safetensors",
                             {{"a", DType::F32, {2}}, {"b", DType::F32, {1}}}, {});
    EXPECT_THAT(failureOf([&] { writer.write(bytesOf("1234567")); }), HasSubstr("8 are needed"));
    writer.write(bytesOf("12345678"));
    EXPECT_THAT(failureOf([&] { writer.finish(); }), HasSubstr("\"b\" was not written"));
    writer.write(bytesOf("1234"));
    EXPECT_THAT(failureOf([&] { writer.write(bytesOf("1234")); }), HasSubstr("already"));
    EXPECT_NO_THROW(writer.finish());
}

TEST(Safetensors, NoRoomIsToldBeforeTheWork) {
    const fixtures::TempFolder folder;
    const fs::path path = folder / "big.safetensors";
    // 2^60 bytes fit on no disk; a limit on file sizes would end the program by a signal.
    std::signal(SIGXFSZ, SIG_IGN);
    const std::string failure = failureOf([&] {
        SafetensorsWriter(path, {{"a", DType::F32, {std::int64_t{1} << 58}}}, {});
    });
    EXPECT_THAT(failure, testing::AllOf(HasSubstr("big.safetensors"), HasSubstr("1152921504606"),
                                        HasSubstr("free")));
    EXPECT_FALSE(fs::exists(path));
}

TEST(Safetensors, LargestPossibleHeaderIsParsedInBoundedTime) {
    // Offsets that only fit together when all is summed up right.
    const std::uint64_t big = std::uint64_t{1} << 40U;
    const std::string json = R"({"a":{"dtype":"F32","shape":[274877906944],"data_offsets":[0,)" +
                             std::to_string(big) + "]}}";
    const auto header = parseSafetensorsHeader(json, 8 + json.size(), 8 + json.size() + big, "f");
    EXPECT_EQ(header.tensors.front().bytes, big);
    EXPECT_EQ(header.tensors.front().offset, 8 + json.size());
    EXPECT_THAT(failureOf([&] {
                    parseSafetensorsHeader(json, 8 + json.size(), 7 + json.size() + big, "f");
                }),
                HasSubstr("cut short"));
}

}  // namespace
}  // namespace rankscope::checkpoint
