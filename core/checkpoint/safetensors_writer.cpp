// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/safetensors.h"

namespace rankscope::checkpoint {

namespace {

std::uint64_t byteSize(const TensorToWrite& tensor, const std::string& what) {
    const auto count = elementCount(tensor.shape);
    std::uint64_t bits = 0;
    if (!count ||
        __builtin_mul_overflow(static_cast<std::uint64_t>(*count),
                               static_cast<std::uint64_t>(bitsPerElement(tensor.dtype)), &bits) ||
        bits % 8 != 0)
        throw Error(
            fmt::format("{}: tensor \"{}\" of type {} and shape {} cannot be written.", what,
                        printable(tensor.name), dtypeName(tensor.dtype), toString(tensor.shape)),
            what);
    return bits / 8;
}

/// Length field and header of the tensors in their order; adds their bytes to `dataBytes`.
std::string headerBytes(std::span<const TensorToWrite> tensors,
                        const std::map<std::string, std::string>& metadata, const std::string& what,
                        std::uint64_t& dataBytes) {
    Json header = Json::object();
    auto& members = header.get_ref<Json::object_t&>();
    members.emplace_back("__metadata__", Json(metadata));
    for (const TensorToWrite& tensor : tensors) {
        const std::uint64_t begin = dataBytes;
        dataBytes += byteSize(tensor, what);
        // push_back of the vector below: ordered_json would search all keys for each new one.
        static_cast<std::vector<Json::object_t::value_type>&>(members).emplace_back(
            tensor.name, Json{{"dtype", dtypeName(tensor.dtype)},
                              {"shape", tensor.shape},
                              {"data_offsets", {begin, dataBytes}}});
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::type_error&) {
        throw Error(fmt::format("{}: a tensor name or metadata text is not valid UTF-8.", what),
                    what);
    }
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > largestHeader)
        throw Error(fmt::format("{}: the header would have {} bytes, more than the {} the format "
                                "permits.",
                                what, text.size(), largestHeader),
                    what);
    std::string length(8, '\0');
    for (std::size_t i = 0; i < length.size(); ++i)
        length[i] = static_cast<char>((text.size() >> (8 * i)) & 0xFFU);
    return length + text;
}

std::uint64_t freeBytes(const std::filesystem::path& path) {
    struct statvfs status {};
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    if (::statvfs(folder.c_str(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

/// Takes the whole size from the file system, so that a full disk is noticed before the work.
void reserve(const FileHandle& file, std::uint64_t bytes, const std::filesystem::path& path) {
    int code = 0;
    do {
        code = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    } while (code == EINTR);
    // File systems that cannot reserve say so; there writing will show it.
    if (code == 0 || code == EOPNOTSUPP || code == EINVAL || code == ENOSYS) return;
    throw Error(
        fmt::format("{} cannot be written: {}. It needs {} bytes, {} are free there; make "
                    "room or choose another place.",
                    printable(path.string(), 4096), errnoText(code), bytes, freeBytes(path)),
        path.string());
}

void checkNames(std::span<const TensorToWrite> tensors, const std::string& what) {
    std::vector<std::string_view> names;
    for (const TensorToWrite& tensor : tensors) names.push_back(tensor.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end())
        throw Error(
            fmt::format("{}: tensor \"{}\" is to be written twice.", what, printable(*twice)),
            what);
    if (std::ranges::binary_search(names, std::string_view("__metadata__")))
        throw Error(fmt::format("{}: no tensor can be named \"__metadata__\".", what), what);
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<TensorToWrite> tensors,
                                     std::map<std::string, std::string> metadata)
    : m_path(path), m_tensors(std::move(tensors)) {
    const std::string what = printable(path.string(), 4096);
    checkNames(m_tensors, what);
    std::ranges::sort(m_tensors, [](const TensorToWrite& a, const TensorToWrite& b) {
        return std::tie(b.dtype, a.name) < std::tie(a.dtype, b.name);
    });
    metadata["format"] = "pt";
    std::uint64_t dataBytes = 0;
    const std::string header = headerBytes(m_tensors, metadata, what, dataBytes);
    m_file = FileHandle(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!m_file)
        throw Error(fmt::format("{} cannot be created: {}.", what, errnoText(errno)),
                    path.string());
    try {
        reserve(m_file, header.size() + dataBytes, path);
        writeAll(m_file, std::as_bytes(std::span(header)), path);
    } catch (const Error&) {
        ::unlink(path.c_str());
        throw;
    }
    m_written = header.size();
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
    const std::string what = printable(m_path.string(), 4096);
    if (m_next >= m_tensors.size())
        throw Error(fmt::format("{}: all of its tensors are written already.", what),
                    m_path.string());
    const TensorToWrite& tensor = m_tensors[m_next];
    const std::uint64_t expected = byteSize(tensor, what);
    if (bytes.size() != expected)
        throw Error(fmt::format("{}: tensor \"{}\" has {} bytes, {} are needed.", what,
                                printable(tensor.name), bytes.size(), expected),
                    m_path.string());
    writeAll(m_file, bytes, m_path);
    m_written += bytes.size();
    ++m_next;
}

std::uint64_t SafetensorsWriter::finish() {
    if (m_next < m_tensors.size())
        throw Error(
            fmt::format("{}: tensor \"{}\" was not written.", printable(m_path.string(), 4096),
                        printable(m_tensors[m_next].name)),
            m_path.string());
    syncFile(m_file, m_path);
    m_file = FileHandle();
    return m_written;
}

}  // namespace rankscope::checkpoint
