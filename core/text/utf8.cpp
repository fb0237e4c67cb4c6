// SPDX-License-Identifier: Apache-2.0
#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

/// Determined by the first byte of a character: its length and the bounds of the second byte.
struct Lead {
    std::size_t bytes;
    unsigned char low, high;
    unsigned char bits;  ///< of the lead byte that belong to the code point
};

Lead leadOf(unsigned char byte) {
    if (byte < 0x80) return {1, 0, 0, 0x7F};
    if (byte < 0xC2) return {0, 0, 0, 0};
    if (byte < 0xE0) return {2, 0x80, 0xBF, 0x1F};
    if (byte == 0xE0) return {3, 0xA0, 0xBF, 0x0F};
    if (byte == 0xED) return {3, 0x80, 0x9F, 0x0F};
    if (byte < 0xF0) return {3, 0x80, 0xBF, 0x0F};
    if (byte == 0xF0) return {4, 0x90, 0xBF, 0x07};
    if (byte < 0xF4) return {4, 0x80, 0xBF, 0x07};
    if (byte == 0xF4) return {4, 0x80, 0x8F, 0x07};
    return {0, 0, 0, 0};
}

/// Bytes at `position` that a well-formed character could begin with; at least 1.
std::size_t illFormedBytes(std::string_view text, std::size_t position) {
    const Lead lead = leadOf(static_cast<unsigned char>(text[position]));
    std::size_t good = 1;
    while (good < lead.bytes && position + good < text.size()) {
        const auto byte = static_cast<unsigned char>(text[position + good]);
        const bool fits =
            good == 1 ? byte >= lead.low && byte <= lead.high : byte >= 0x80 && byte <= 0xBF;
        if (!fits) break;
        ++good;
    }
    return good;
}

}  // namespace

Character characterAt(std::string_view text, std::size_t position) {
    const auto first = static_cast<unsigned char>(text[position]);
    if (first < 0x80) return {first, 1};
    const Lead lead = leadOf(first);
    if (lead.bytes == 0 || text.size() - position < lead.bytes) return {};
    char32_t code = first & lead.bits;
    for (std::size_t i = 1; i < lead.bytes; ++i) {
        const auto byte = static_cast<unsigned char>(text[position + i]);
        if (byte < (i == 1 ? lead.low : 0x80) || byte > (i == 1 ? lead.high : 0xBF)) return {};
        code = code << 6U | (byte & 0x3FU);
    }
    return {code, lead.bytes};
}

bool isUtf8(std::string_view text) {
    for (std::size_t position = 0; position < text.size();) {
        const std::size_t bytes = characterAt(text, position).bytes;
        if (bytes == 0) return false;
        position += bytes;
    }
    return true;
}

std::string repairedUtf8(std::string_view text) {
    std::string repaired;
    repaired.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        const std::size_t bytes = characterAt(text, position).bytes;
        if (bytes > 0) {
            repaired.append(text, position, bytes);
            position += bytes;
        } else {
            repaired += "\uFFFD";
            position += illFormedBytes(text, position);
        }
    }
    return repaired;
}

bool isWhiteSpace(char32_t code) {
    return code == 0x20 || (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

std::size_t leadingWhiteSpace(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size()) {
        const Character character = characterAt(text, end);
        if (character.bytes == 0 || !isWhiteSpace(character.code)) break;
        end += character.bytes;
    }
    return end;
}

std::size_t trailingWhiteSpace(std::string_view text) {
    std::size_t begin = text.size();
    while (begin > 0) {
        std::size_t position = begin - 1;
        while (position > 0 && (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80)
            --position;
        const Character character = characterAt(text, position);
        if (character.bytes == 0 || !isWhiteSpace(character.code)) break;
        begin = position;
    }
    return text.size() - begin;
}

}  // namespace rankscope::text
