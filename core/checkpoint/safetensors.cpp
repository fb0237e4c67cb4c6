// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/sha256.h"

namespace rankscope::checkpoint {

namespace {

constexpr std::uint64_t lengthField = 8;  // bytes before the header

/// Turns the header's JSON into entries, and checks each by itself.
class HeaderParser {
 public:
    HeaderParser(std::uint64_t dataStart, std::uint64_t fileSize, std::string_view what)
        : m_dataStart(dataStart), m_dataBytes(fileSize - dataStart), m_what(what) {}

    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(fmt::format("{}: {}. The file is damaged or not a safetensors file; fetch it "
                                "again.",
                                m_what, reason),
                    std::string(m_what));
    }

    [[noreturn]] void failTensor(std::string_view name, const std::string& reason) const {
        fail(fmt::format("tensor \"{}\" {}", printable(name), reason));
    }

    std::map<std::string, std::string> metadata(const Json& json) const {
        if (!json.is_object()) fail("\"__metadata__\" is not an object of texts");
        std::map<std::string, std::string> result;
        for (const auto& [key, value] : json.items()) {
            if (!value.is_string())
                fail(fmt::format("\"__metadata__\" holds \"{}\", which is not a text",
                                 printable(key)));
            result.emplace(key, value.get_ref<const std::string&>());
        }
        return result;
    }

    TensorEntry entry(const std::string& name, const Json& json) const {
        if (!json.is_object()) failTensor(name, "is not described by an object");
        TensorEntry result;
        result.name = name;
        result.dtype = dtype(name, member(name, json, "dtype"));
        result.shape = shape(name, member(name, json, "shape"));
        const auto [begin, end] = offsets(name, member(name, json, "data_offsets"));
        result.offset = m_dataStart + begin;
        result.bytes = end - begin;
        const std::uint64_t expected = byteSize(name, result.dtype, result.shape);
        if (result.bytes != expected)
            failTensor(name,
                       fmt::format("takes {} bytes, but shape {} of {} needs {}", result.bytes,
                                   toString(result.shape), dtypeName(result.dtype), expected));
        return result;
    }

    /// Entries in file order without gap, overlap or rest.
    void checkCoverage(SafetensorsHeader& header) const {
        std::uint64_t position = m_dataStart;
        const TensorEntry* previous = nullptr;
        const TensorEntry* firstEmpty = nullptr;
        std::size_t empty = 0;
        for (const TensorEntry& tensor : header.tensors) {
            if (tensor.offset < position)
                failTensor(tensor.name,
                           fmt::format("overlaps tensor \"{}\" (data offset {})",
                                       printable(previous->name), tensor.offset - m_dataStart));
            if (tensor.offset > position)
                failTensor(tensor.name,
                           fmt::format("begins at data offset {} and leaves a hole of {} bytes "
                                       "before it",
                                       tensor.offset - m_dataStart, tensor.offset - position));
            position = tensor.offset + tensor.bytes;
            previous = &tensor;
            if (tensor.bytes == 0 && empty++ == 0) firstEmpty = &tensor;
        }
        if (empty > 0)
            header.warnings.push_back(
                fmt::format("{}: {} tensors are empty, first \"{}\" of shape {}.", m_what, empty,
                            printable(firstEmpty->name), toString(firstEmpty->shape)));
        const std::uint64_t end = m_dataStart + m_dataBytes;
        if (position < end)
            fail(fmt::format("{} bytes follow the last tensor, which nothing describes",
                             end - position));
    }

 private:
    const Json& member(std::string_view name, const Json& json, std::string_view key) const {
        const auto found = json.find(key);
        if (found == json.end()) failTensor(name, fmt::format("has no \"{}\"", key));
        return *found;
    }

    DType dtype(std::string_view name, const Json& json) const {
        if (!json.is_string()) failTensor(name, "has a dtype that is not a text");
        const auto dtype = parseDType(json.get_ref<const std::string&>());
        if (!dtype)
            failTensor(name, fmt::format("has the unknown dtype \"{}\"",
                                         printable(json.get_ref<const std::string&>(), 40)));
        return *dtype;
    }

    Shape shape(std::string_view name, const Json& json) const {
        if (!json.is_array()) failTensor(name, "has a shape that is not a list");
        Shape shape;
        for (const Json& size : json) {
            const bool fits =
                size.is_number_unsigned() && size.get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
            if (!fits)
                failTensor(name, fmt::format("has a dimension {} in its shape, expected a whole "
                                             "number of at least 0",
                                             printable(size.dump(), 40)));
            shape.push_back(size.get<std::int64_t>());
        }
        return shape;
    }

    std::pair<std::uint64_t, std::uint64_t> offsets(std::string_view name, const Json& json) const {
        const bool pair = json.is_array() && json.size() == 2 && json[0].is_number_unsigned() &&
                          json[1].is_number_unsigned();
        if (!pair)
            failTensor(name, "has data_offsets that are not two whole numbers of at least 0");
        const auto begin = json[0].get<std::uint64_t>();
        const auto end = json[1].get<std::uint64_t>();
        if (end < begin)
            failTensor(name,
                       fmt::format("ends at data offset {}, before it begins ({})", end, begin));
        if (end > m_dataBytes)
            failTensor(name, fmt::format("ends at data offset {}, but the file holds only {} bytes "
                                         "of data; it is cut short",
                                         end, m_dataBytes));
        return {begin, end};
    }

    std::uint64_t byteSize(std::string_view name, DType dtype, const Shape& shape) const {
        const auto count = elementCount(shape);
        if (!count)
            failTensor(name, fmt::format("has more elements than can be counted, shape {}",
                                         printable(toString(shape))));
        std::uint64_t bits = 0;
        if (__builtin_mul_overflow(static_cast<std::uint64_t>(*count),
                                   static_cast<std::uint64_t>(bitsPerElement(dtype)), &bits))
            failTensor(name, fmt::format("has more bytes than can be counted, shape {}",
                                         printable(toString(shape))));
        if (bits % 8 != 0)
            failTensor(name, fmt::format("of type {} and shape {} does not end on a byte boundary",
                                         dtypeName(dtype), toString(shape)));
        return bits / 8;
    }

    std::uint64_t m_dataStart;
    std::uint64_t m_dataBytes;
    std::string_view m_what;
};

std::uint64_t littleEndian(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i]);
    return value;
}

}  // namespace

SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t dataStart,
                                         std::uint64_t fileSize, std::string_view what) {
    const HeaderParser parser(dataStart, std::max(fileSize, dataStart), what);
    const std::string source = fmt::format("{}: the safetensors header", what);
    const Json root = parseJson(json, source);
    if (!root.is_object()) parser.fail("the header is not a JSON object");
    SafetensorsHeader header;
    header.dataStart = dataStart;
    if (!json.empty() && json.front() != '{')
        header.warnings.push_back(
            fmt::format("{}: there are spaces before the header; accepted.", what));
    header.tensors.reserve(root.size());
    for (const auto& [name, value] : root.items())
        if (name == "__metadata__")
            header.metadata = parser.metadata(value);
        else
            header.tensors.push_back(parser.entry(name, value));
    std::ranges::sort(header.tensors, [](const TensorEntry& a, const TensorEntry& b) {
        return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
    });
    parser.checkCoverage(header);
    return header;
}

SafetensorsHeader readSafetensorsHeader(const FileHandle& file, const std::filesystem::path& path) {
    const std::string what = printable(path.string(), 4096);
    const auto fail = [&](const std::string& reason) {
        throw Error(fmt::format("{} is not a safetensors file: {}.", what, reason), path.string());
    };
    const std::uint64_t size = stampOf(file, path).size;
    if (size < lengthField)
        fail(size == 0 ? "it is empty"
                       : fmt::format("it has {} bytes, less than the 8 of the length field", size));
    std::array<std::byte, lengthField> field{};
    readExactly(file, field, 0, path);
    const std::uint64_t length = littleEndian(field);
    if (length == 0) fail("the length of its header is 0");
    if (length > largestHeader)
        fail(fmt::format("the length of its header is {}, more than the {} the format permits",
                         length, largestHeader));
    if (length > size - lengthField)
        fail(
            fmt::format("its header should have {} bytes, but only {} follow; the file is cut "
                        "short or of another format",
                        length, size - lengthField));
    std::string json(length, '\0');
    const auto bytes = std::as_writable_bytes(std::span(json));
    readExactly(file, bytes, lengthField, path);
    SafetensorsHeader header = parseSafetensorsHeader(json, lengthField + length, size, what);
    header.headerHash = sha256Hex(bytes);
    return header;
}

}  // namespace rankscope::checkpoint
