// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/protobuf_reader.h"

#include <fmt/format.h>

#include <bit>

#include "core/base/error.h"

namespace rankscope::text {

namespace {

enum Wire : std::uint32_t { Varint, Fixed64, Length, GroupBegin, GroupEnd, Fixed32 };
constexpr int deepestGroup = 32;

}  // namespace

ProtobufReader::ProtobufReader(std::string_view bytes, std::string where)
    : ProtobufReader(bytes, std::move(where), 0) {}

ProtobufReader::ProtobufReader(std::string_view bytes, std::string where, std::size_t start)
    : m_bytes(bytes), m_where(std::move(where)), m_start(start) {}

void ProtobufReader::fail(std::string_view reason) const {
    throw Error(fmt::format("{} is not a readable SentencePiece model: {} at byte {}. It may be "
                            "damaged or cut off; copy it again from where it came.",
                            m_where, reason, m_start + m_position),
                m_where);
}

std::uint64_t ProtobufReader::readVarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (m_position == m_bytes.size()) fail("a number is cut off");
        const auto byte = static_cast<unsigned char>(m_bytes[m_position++]);
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) return value;
    }
    fail("a number has no end");
}

std::string_view ProtobufReader::take(std::uint64_t count) {
    if (count > m_bytes.size() - m_position)
        fail(fmt::format("a field of {} bytes, but only {} are left", count,
                         m_bytes.size() - m_position));
    const std::string_view taken = m_bytes.substr(m_position, count);
    m_position += taken.size();
    return taken;
}

std::optional<ProtobufReader::Field> ProtobufReader::next() {
    if (m_position == m_bytes.size()) return std::nullopt;
    const std::uint64_t key = readVarint();
    const std::uint64_t number = key >> 3U;
    const auto wire = static_cast<std::uint32_t>(key & 7U);
    if (number == 0 || number >= 1U << 29U || wire > Fixed32)
        fail(fmt::format("no field begins with {}", key));
    return Field{static_cast<std::uint32_t>(number), wire};
}

void ProtobufReader::expect(const Field& field, std::uint32_t wire) const {
    if (field.wire != wire)
        fail(fmt::format("field {} has the wire type {}, not {}", field.number, field.wire, wire));
}

std::uint64_t ProtobufReader::varint(const Field& field) {
    expect(field, Varint);
    return readVarint();
}

float ProtobufReader::float32(const Field& field) {
    expect(field, Fixed32);
    std::uint32_t bits = 0;
    const std::string_view raw = take(4);
    for (unsigned i = 0; i < 4; ++i)
        bits |= std::uint32_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    return std::bit_cast<float>(bits);
}

std::string ProtobufReader::bytes(const Field& field) {
    expect(field, Length);
    return std::string(take(readVarint()));
}

ProtobufReader ProtobufReader::message(const Field& field) {
    expect(field, Length);
    const std::string_view inner = take(readVarint());
    return {inner, m_where, m_start + m_position - inner.size()};
}

void ProtobufReader::skip(const Field& field, int depth) {
    switch (field.wire) {
        case Varint:
            readVarint();
            return;
        case Fixed64:
            take(8);
            return;
        case Length:
            take(readVarint());
            return;
        case Fixed32:
            take(4);
            return;
        case GroupBegin:
            break;
        default:
            fail("a group ends that did not begin");
    }
    if (depth >= deepestGroup) fail(fmt::format("groups nested over {} deep", deepestGroup));
    while (const auto inner = next()) {
        if (inner->wire == GroupEnd && inner->number == field.number) return;
        skip(*inner, depth + 1);
    }
    fail("a group has no end");
}

}  // namespace rankscope::text
