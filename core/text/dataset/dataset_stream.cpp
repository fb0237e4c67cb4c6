// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset/dataset_stream.h"

#include <algorithm>
#include <cstring>

#include "core/base/sha256.h"

namespace rankscope::text {

FileStream::FileStream(const std::filesystem::path& path)
    : m_path(path), m_file(openForReading(path)), m_size(stampOf(m_file, path).size) {}

std::size_t FileStream::read(std::span<char> into) {
    const std::size_t count = std::min<std::uint64_t>(into.size(), m_size - m_offset);
    readExactly(m_file, std::as_writable_bytes(into.first(count)), m_offset, m_path);
    m_offset += count;
    return count;
}

ByteReader::ByteReader(ByteStream& stream) : m_stream(stream), m_buffer(window, '\0') {}

bool ByteReader::fill() {
    if (m_ended) return false;
    if (m_at > 0) {
        std::memmove(m_buffer.data(), m_buffer.data() + m_at, m_filled - m_at);
        m_filled -= m_at;
        m_at = 0;
    }
    const std::size_t got = m_stream.read(std::span(m_buffer).subspan(m_filled));
    m_filled += got;
    m_ended = got == 0;
    return got > 0;
}

std::string_view ByteReader::lookAhead(std::size_t count) {
    count = std::min(count, window);
    while (m_filled - m_at < count && fill()) {
    }
    return std::string_view(m_buffer).substr(m_at, std::min(count, m_filled - m_at));
}

std::string ByteReader::takeBytes(std::uint64_t count) {
    std::string bytes;
    while (bytes.size() < count && peek() != end) {
        const std::size_t part = std::min<std::uint64_t>(m_filled - m_at, count - bytes.size());
        bytes.append(m_buffer, m_at, part);
        m_at += part;
    }
    return bytes;
}

std::uint64_t ByteReader::skipBytes(std::uint64_t count) {
    std::uint64_t skipped = 0;
    while (skipped < count && peek() != end) {
        const std::size_t part = std::min<std::uint64_t>(m_filled - m_at, count - skipped);
        skipped += part;
        m_at += part;
    }
    return skipped;
}

std::string sha256OfFile(const std::filesystem::path& path) {
    FileStream file(path);
    Sha256 hash;
    std::string block(std::size_t{1} << 20U, '\0');
    while (const std::size_t count = file.read(block))
        hash.add(std::as_bytes(std::span(block).first(count)));
    return hash.hex();
}

namespace {

/// Length of the UTF-8 character at the front of `text`, 0 if there is none.
std::size_t utf8Length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    // The second byte's range rules out overlong forms, surrogates and all above U+10FFFF.
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    return length;
}

}  // namespace

std::size_t firstInvalidUtf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8Length(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

}  // namespace rankscope::text
