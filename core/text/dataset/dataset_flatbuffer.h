// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace rankscope::text {

/// Bytes of a flatbuffer from a stranger: every access is checked against their end. Throws Error.
struct FlatBytes {
    std::string_view bytes;
    std::string_view file;  ///< in messages

    [[noreturn]] void fail() const;
    /// Throws unless there are `count` bytes at `at`.
    void check(std::uint64_t at, std::uint64_t count) const {
        if (at > bytes.size() || count > bytes.size() - at) fail();
    }
    /// A little-endian number.
    template <typename T>
    T number(std::uint64_t at) const {
        check(at, sizeof(T));
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof(T));
        return value;
    }
    /// The target of the unsigned offset stored at `at`.
    std::uint64_t follow(std::uint64_t at) const { return at + number<std::uint32_t>(at); }
};

/// A vector in a flatbuffer.
struct FlatVector {
    FlatBytes data;
    std::uint64_t begin = 0;  ///< of the first element
    std::uint32_t size = 0;
};

/// A table in a flatbuffer; fields are counted from 0 as in its schema.
class FlatTable {
 public:
    /// The table that the buffer begins with.
    static FlatTable root(const FlatBytes& data) { return {data, data.follow(0)}; }
    FlatTable(const FlatBytes& data, std::uint64_t position);

    /// A number, `fallback` if the field was left out.
    template <typename T>
    T number(int field, T fallback) const {
        const std::uint64_t at = place(field);
        return at == 0 ? fallback : m_data.number<T>(at);
    }
    std::optional<FlatTable> table(int field) const;
    std::string_view text(int field) const;
    /// Empty if the field was left out; throws unless all elements are inside the buffer.
    FlatVector vector(int field, std::uint64_t elementBytes) const;
    /// Element of a vector of tables.
    static FlatTable element(const FlatVector& tables, std::uint32_t index) {
        return {tables.data, tables.data.follow(tables.begin + std::uint64_t{4} * index)};
    }

 private:
    /// Position of a field's value, 0 if it was left out.
    std::uint64_t place(int field) const;

    FlatBytes m_data;
    std::uint64_t m_position;
    std::uint64_t m_fields = 0;  ///< position of the list of the fields' offsets
    std::uint16_t m_fieldsBytes = 0;
};

}  // namespace rankscope::text
