// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset/dataset_flatbuffer.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace rankscope::text {

void FlatBytes::fail() const {
    throw Error(
        fmt::format("{} is damaged: an offset in its Arrow metadata leads out of it.", file),
        std::string(file));
}

FlatTable::FlatTable(const FlatBytes& data, std::uint64_t position)
    : m_data(data), m_position(position) {
    const auto back = static_cast<std::int64_t>(data.number<std::int32_t>(position));
    const std::int64_t fields = static_cast<std::int64_t>(position) - back;
    if (fields < 0) data.fail();
    m_fields = static_cast<std::uint64_t>(fields);
    m_fieldsBytes = data.number<std::uint16_t>(m_fields);
    data.check(m_fields, m_fieldsBytes);
}

std::uint64_t FlatTable::place(int field) const {
    // Two lengths of two bytes each precede the offsets.
    const auto slot = 4 + 2 * static_cast<std::uint64_t>(field);
    if (slot + 2 > m_fieldsBytes) return 0;
    const auto offset = m_data.number<std::uint16_t>(m_fields + slot);
    return offset == 0 ? 0 : m_position + offset;
}

std::optional<FlatTable> FlatTable::table(int field) const {
    const std::uint64_t at = place(field);
    if (at == 0) return std::nullopt;
    return FlatTable(m_data, m_data.follow(at));
}

FlatVector FlatTable::vector(int field, std::uint64_t elementBytes) const {
    const std::uint64_t at = place(field);
    if (at == 0) return {m_data, 0, 0};
    const std::uint64_t begin = m_data.follow(at);
    const auto size = m_data.number<std::uint32_t>(begin);
    m_data.check(begin + 4, size * elementBytes);
    return {m_data, begin + 4, size};
}

std::string_view FlatTable::text(int field) const {
    const FlatVector characters = vector(field, 1);
    return m_data.bytes.substr(characters.begin, characters.size);
}

}  // namespace rankscope::text
