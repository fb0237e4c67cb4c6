// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/base/atomic_file.h"

namespace rankscope::text {

/// Bytes that are read once, front to back: a file, or an entry of an archive as it is unpacked.
class ByteStream {
 public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default;
    /// Fills the front of `into` and returns how many bytes it got; 0 at the end. Throws Error.
    virtual std::size_t read(std::span<char> into) = 0;
};

/// A regular file.
class FileStream : public ByteStream {
 public:
    explicit FileStream(const std::filesystem::path& path);
    std::size_t read(std::span<char> into) override;

 private:
    std::filesystem::path m_path;
    FileHandle m_file;
    std::uint64_t m_size = 0;
    std::uint64_t m_offset = 0;
};

/// Single characters, looks ahead and line numbers over a ByteStream, a mebibyte at a time.
class ByteReader {
 public:
    static constexpr int end = -1;
    /// How far lookAhead() can see.
    static constexpr std::size_t window = std::size_t{1} << 20U;

    explicit ByteReader(ByteStream& stream);

    /// The next byte as 0..255 without taking it, or `end`.
    int peek() { return m_at < m_filled || fill() ? byteAt(m_at) : end; }
    /// Takes the next byte, or returns `end`.
    int take() {
        const int byte = peek();
        if (byte == end) return end;
        ++m_at;
        if (byte == '\n') ++m_line;
        return byte;
    }
    /// The next bytes, as many as there are up to `count` (at most `window`), without taking them.
    std::string_view lookAhead(std::size_t count);
    /// Takes up to `count` bytes without counting lines; fewer only at the end. Memory grows with
    /// the bytes that are really there, so that a wrong count costs nothing.
    std::string takeBytes(std::uint64_t count);
    /// Skips up to `count` bytes without counting lines; returns how many there were.
    std::uint64_t skipBytes(std::uint64_t count);
    /// Line of the next byte, from 1.
    std::int64_t line() const { return m_line; }

 private:
    int byteAt(std::size_t at) const { return static_cast<unsigned char>(m_buffer[at]); }
    bool fill();

    ByteStream& m_stream;
    std::string m_buffer;
    std::size_t m_at = 0;
    std::size_t m_filled = 0;
    bool m_ended = false;
    std::int64_t m_line = 1;
};

/// SHA-256 of a file's bytes, 64 hexadecimal digits.
std::string sha256OfFile(const std::filesystem::path& path);

/// Position of the first byte that is not part of valid UTF-8 (no surrogates, no overlong forms);
/// npos if all is valid.
std::size_t firstInvalidUtf8(std::string_view text);

}  // namespace rankscope::text
