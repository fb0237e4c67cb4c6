// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

using namespace std::string_view_literals;

struct Packed {
    std::string_view magic;
    std::string_view tool;
    std::string_view command;
};
constexpr std::array<Packed, 7> packedKinds{{{"\x1f\x8b"sv, "gzip", "gunzip -k"},
                                             {"BZh"sv, "bzip2", "bunzip2 -k"},
                                             {"\xfd\x37zXZ\0"sv, "xz", "unxz -k"},
                                             {"\x28\xb5\x2f\xfd"sv, "zstd", "unzstd"},
                                             {"\x04\x22\x4d\x18"sv, "lz4", "unlz4"},
                                             {"PK\x03\x04"sv, "zip", "unzip"},
                                             {"Rar!"sv, "rar", "unrar x"}}};

/// "UTF-16" or "UTF-32" if the text begins like one, with or without a byte order mark.
std::string_view wideEncoding(std::string_view front) {
    if (front.starts_with("\xff\xfe\0\0"sv) || front.starts_with("\0\0\xfe\xff"sv)) return "UTF-32";
    if (front.starts_with("\xff\xfe"sv) || front.starts_with("\xfe\xff"sv)) return "UTF-16";
    if (front.size() < 4) return {};
    const bool little = front[0] != 0 && front[1] == 0 && front[2] != 0 && front[3] == 0;
    const bool big = front[0] == 0 && front[1] != 0 && front[2] == 0 && front[3] != 0;
    return little || big ? "UTF-16" : ""sv;
}

void refuseUnreadable(std::string_view front, std::string_view name) {
    for (const Packed& packed : packedKinds)
        if (front.starts_with(packed.magic))
            throw Error(fmt::format("{} is packed with {}; unpack it first: {} {}", name,
                                    packed.tool, packed.command, name),
                        std::string(name));
    const std::string_view encoding = wideEncoding(front);
    if (!encoding.empty())
        throw Error(fmt::format("{} is {} text; only UTF-8 is read. Convert it: iconv -f {} -t "
                                "UTF-8 {} > converted",
                                name, encoding, encoding, name),
                    std::string(name));
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? ""sv : text.substr(begin);
}

bool beginsObject(std::string_view text) {
    return text.starts_with('{') && trimmed(text.substr(1)).starts_with('"');
}

/// True if an object at the front has, on its outermost level, an array named after a split,
/// data or rows: then the rows are in it, else the object is the first of many rows.
bool wrapsRows(std::string_view text, std::string_view split) {
    constexpr std::array<std::string_view, 9> known{
        "data", "rows", "train", "training", "test", "validation", "val", "dev", "valid"};
    int open = 0;
    bool inString = false;
    std::size_t stringBegin = 0;
    std::string_view key;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (inString) {
            if (c == '\\') ++at;
            if (c != '"') continue;
            inString = false;
            key = text.substr(stringBegin, at - stringBegin);
        } else if (c == '"') {
            inString = true;
            stringBegin = at + 1;
        } else if (c == '{' || c == '[') {
            const bool named = key == split || std::ranges::find(known, key) != known.end();
            if (c == '[' && open == 1 && named) return true;
            ++open;
        } else if (c == '}' || c == ']') {
            if (--open == 0) return false;
        }
    }
    return false;
}

}  // namespace

std::string_view formatName(DatasetFormat format) {
    switch (format) {
        case DatasetFormat::Json:
            return "JSON";
        case DatasetFormat::JsonLines:
            return "JSON lines";
        case DatasetFormat::Csv:
            return "CSV";
        case DatasetFormat::SevenZip:
            return "7z";
        case DatasetFormat::ArrowStream:
            return "Arrow stream";
        case DatasetFormat::ArrowFile:
            return "Arrow file";
        case DatasetFormat::Parquet:
            return "Parquet";
    }
    return "";
}

DatasetFormat detectFormat(ByteReader& reader, std::string_view name, std::string_view split) {
    const std::string_view front = reader.lookAhead(8);
    if (front.starts_with("7z\xbc\xaf\x27\x1c"sv)) return DatasetFormat::SevenZip;
    if (front.starts_with("ARROW1"sv)) return DatasetFormat::ArrowFile;
    if (front.starts_with("PAR1"sv)) return DatasetFormat::Parquet;
    if (front.starts_with("\xff\xff\xff\xff"sv)) return DatasetFormat::ArrowStream;
    refuseUnreadable(front, name);
    if (front.starts_with("\xef\xbb\xbf"sv)) reader.skipBytes(3);
    const std::string_view text = trimmed(reader.lookAhead(ByteReader::window));
    if (text.empty()) throw Error(fmt::format("{} is empty.", name), std::string(name));
    if (text.starts_with('[')) return DatasetFormat::Json;
    if (text.starts_with('{'))
        return wrapsRows(text, split) ? DatasetFormat::Json : DatasetFormat::JsonLines;
    // The first line of JSON lines may be a bad one.
    const std::size_t lineEnd = text.find('\n');
    if (lineEnd != std::string_view::npos && beginsObject(trimmed(text.substr(lineEnd))))
        return DatasetFormat::JsonLines;
    return DatasetFormat::Csv;
}

void readRows(DatasetFormat format, ByteReader& reader, ExampleCollector& collector) {
    if (format == DatasetFormat::Json) readJson(reader, collector);
    if (format == DatasetFormat::JsonLines) readJsonLines(reader, collector);
    if (format == DatasetFormat::Csv) readCsv(reader, collector);
    // Such a file is its magic, padded to eight bytes, and then a stream.
    if (format == DatasetFormat::ArrowFile) reader.skipBytes(8);
    if (format == DatasetFormat::ArrowFile || format == DatasetFormat::ArrowStream)
        readArrowStream(reader, collector);
}

}  // namespace rankscope::text
