// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rankscope::text {

/// Reads the fields of one protobuf message (encoding of protobuf 2 and 3) within its bounds.
/// After next() exactly one of the reading functions takes the field. All throw Error, which names
/// the file and the byte.
class ProtobufReader {
 public:
    struct Field {
        std::uint32_t number = 0;
        std::uint32_t wire = 0;  ///< wire type, 0 to 5
    };

    /// `where` names the file.
    ProtobufReader(std::string_view bytes, std::string where);

    /// The next field's head; nothing at the end of the message.
    std::optional<Field> next();

    std::uint64_t varint(const Field& field);
    float float32(const Field& field);
    std::string bytes(const Field& field);
    /// A reader of the message in this field.
    ProtobufReader message(const Field& field);
    /// Skips a field of any type; groups nest at most 32 deep.
    void skip(const Field& field, int depth = 0);

    [[noreturn]] void fail(std::string_view reason) const;

 private:
    ProtobufReader(std::string_view bytes, std::string where, std::size_t start);
    void expect(const Field& field, std::uint32_t wire) const;
    std::uint64_t readVarint();
    std::string_view take(std::uint64_t count);

    std::string_view m_bytes;
    std::string m_where;
    std::size_t m_start = 0;  ///< of m_bytes in the file
    std::size_t m_position = 0;
};

}  // namespace rankscope::text
