// SPDX-License-Identifier: Apache-2.0
#include "tests/core/checkpoint/bad_input.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace rankscope::checkpoint {

namespace fs = std::filesystem;

std::string lengthField(std::uint64_t value) {
    std::string field(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) field[i] = static_cast<char>((value >> (8 * i)) & 0xFFU);
    return field;
}

std::string fileOf(const std::string& header, const std::string& data) {
    return lengthField(header.size()) + header + data;
}

std::string fileOf(const std::vector<RawTensor>& tensors) {
    std::string header = R"({"__metadata__":{"format":"pt"})";
    std::string data;
    for (const RawTensor& tensor : tensors) {
        header +=
            fmt::format(R"(,"{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", tensor.name,
                        tensor.dtype, tensor.shape, data.size(), data.size() + tensor.data.size());
        data += tensor.data;
    }
    return fileOf(header + "}", data);
}

std::vector<RawTensor> tinyRawTensors() {
    std::vector<RawTensor> result;
    for (const fixtures::TinyTensor& tensor : fixtures::tinyTensors({})) {
        const auto bytes = fromFloat64(DType::F32, tensor.values);
        result.push_back({tensor.name,
                          "F32",
                          toString(tensor.shape),
                          {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
    }
    return result;
}

std::map<std::string, std::string> contentsOf(const fs::path& folder) {
    std::map<std::string, std::string> contents;
    for (const auto& item : fs::recursive_directory_iterator(folder)) {
        std::string& content = contents[item.path().lexically_relative(folder).string()];
        const auto type = item.symlink_status().type();
        if (type == fs::file_type::symlink)
            content = "link to " + fs::read_symlink(item.path()).string();
        else if (type == fs::file_type::regular)
            content = fixtures::readFile(item.path());
        else
            content = fmt::format("type {}", static_cast<int>(type));
    }
    return contents;
}

std::string warningsOf(const Checkpoint& checkpoint) {
    std::string text;
    for (const std::string& warning : checkpoint.warnings()) text += warning + "\n";
    return text;
}

BadInput::BadInput() : m_model(fixtures::writeTinyT5(m_folder / "model")) {}

fs::path BadInput::shardPath(int number) const {
    return m_model / fmt::format("model-{:05}-of-00002.safetensors", number);
}

fs::path BadInput::shard() {
    const auto tensors = tinyRawTensors();
    Json map = Json::object();
    std::vector<RawTensor> parts[2];
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const std::size_t part = i < tensors.size() / 2 ? 0 : 1;
        parts[part].push_back(tensors[i]);
        map[tensors[i].name] = shardPath(static_cast<int>(part) + 1).filename().string();
    }
    std::size_t bytes = 0;
    for (const RawTensor& tensor : tensors) bytes += tensor.data.size();
    fixtures::writeFile(shardPath(1), fileOf(parts[0]));
    fixtures::writeFile(shardPath(2), fileOf(parts[1]));
    fs::remove(weights());
    const fs::path index = m_model / "model.safetensors.index.json";
    fixtures::writeFile(index,
                        Json{{"metadata", {{"total_size", bytes}}}, {"weight_map", map}}.dump());
    return index;
}

void BadInput::changeIndex(const std::function<void(Json&)>& change) {
    const fs::path path = m_model / "model.safetensors.index.json";
    Json json = parseJson(fixtures::readFile(path), "index");
    change(json);
    fixtures::writeFile(path, json.dump());
}

void BadInput::changeConfig(const std::function<void(Json&)>& change) {
    Json json = parseJson(fixtures::readFile(m_model / "config.json"), "config");
    change(json);
    fixtures::writeFile(m_model / "config.json", json.dump());
}

void BadInput::expectRefused(const std::string& path, const std::vector<std::string>& parts) {
    const auto before = contentsOf(m_folder.path());
    try {
        openCheckpoint(path);
        ADD_FAILURE() << path << " was opened";
    } catch (const Error& error) {
        for (const std::string& part : parts) EXPECT_THAT(error.what(), testing::HasSubstr(part));
        EXPECT_EQ(error.kind(), ErrorKind::Failed);
        EXPECT_FALSE(error.subject().empty());
    }
    EXPECT_TRUE(contentsOf(m_folder.path()) == before) << "the folder was changed";
}

Checkpoint BadInput::expectOpens(const std::vector<std::string>& warningParts) {
    Checkpoint checkpoint = openCheckpoint(m_model.string());
    for (const std::string& part : warningParts)
        EXPECT_THAT(warningsOf(checkpoint), testing::HasSubstr(part));
    return checkpoint;
}

}  // namespace rankscope::checkpoint
