// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/charsmap.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

constexpr std::size_t lookedUpWhole = 6;      // clusters of fewer bytes
constexpr std::size_t largestTrie = 4 << 20;  // bytes; T5's has 180 kB

std::size_t offsetOf(std::uint32_t unit) {
    return std::size_t{unit >> 10U} << ((unit & (1U << 9U)) >> 6U);
}
bool hasLeaf(std::uint32_t unit) { return (unit >> 8U & 1U) == 1U; }
std::uint32_t labelOf(std::uint32_t unit) { return unit & (1U << 31U | 0xFFU); }
std::size_t valueOf(std::uint32_t unit) { return unit & ~(1U << 31U); }

bool isContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

[[noreturn]] void damaged(std::string_view where, std::string_view reason) {
    throw Error(
        fmt::format("{} is damaged: {}. Copy the file again from where it came.", where, reason),
        std::string(where));
}

std::uint32_t littleEndian(const char* bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i)
        value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
}

/// End of the grapheme cluster that begins at `position`.
std::size_t clusterEnd(std::string_view text, std::size_t position) {
    Character character = characterAt(text, position);
    std::size_t end = position + character.bytes;
    utf8proc_int32_t state = 0;
    while (end < text.size()) {
        const Character next = characterAt(text, end);
        if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(character.code),
                                             static_cast<utf8proc_int32_t>(next.code), &state))
            break;
        character = next;
        end += next.bytes;
    }
    return end;
}

}  // namespace

Charsmap::Charsmap(const std::string& bytes, std::string_view where) {
    if (bytes.size() < 4) damaged(where, "it is shorter than its own length field");
    const std::size_t trieBytes = littleEndian(bytes.data());
    if (trieBytes == 0 || trieBytes % 4 != 0 || trieBytes > bytes.size() - 4)
        damaged(where, fmt::format("its trie is said to take {} of {} bytes", trieBytes,
                                   bytes.size() - 4));
    if (trieBytes > largestTrie)
        damaged(where, fmt::format("its trie of {} bytes is over the limit of {}", trieBytes,
                                   largestTrie));
    m_units.resize(trieBytes / 4);
    for (std::size_t i = 0; i < m_units.size(); ++i)
        m_units[i] = littleEndian(bytes.data() + 4 + 4 * i);
    m_strings = bytes.substr(4 + trieBytes);
    if (!isUtf8(m_strings)) damaged(where, "its replacements are not valid UTF-8");
    checkReachable(where);
    for (std::size_t i = 0; i < m_ascii.size(); ++i) {
        const char key = static_cast<char>(i);
        m_ascii[i] = replacement({&key, 1});
    }
}

void Charsmap::checkReachable(std::string_view where) const {
    const std::size_t root = offsetOf(unit(0));
    if (root >= m_units.size()) damaged(where, "its trie points outside itself");
    std::vector<bool> seen(m_units.size());
    std::vector<std::size_t> open = {root};
    seen[root] = true;
    while (!open.empty()) {
        const std::size_t state = open.back();
        open.pop_back();
        for (std::size_t byte = 1; byte < 256; ++byte) {
            const std::size_t child = state ^ byte;
            if (child >= m_units.size() || labelOf(unit(child)) != byte) continue;
            const std::size_t next = child ^ offsetOf(unit(child));
            if (next >= m_units.size()) damaged(where, "its trie points outside itself");
            if (hasLeaf(unit(child))) {
                const std::size_t value = valueOf(unit(next));
                if (value >= m_strings.size() || isContinuation(m_strings[value]))
                    damaged(where, "its trie points to no replacement");
            }
            if (!seen[next]) open.push_back(next);
            seen[next] = true;
        }
    }
}

std::optional<std::string_view> Charsmap::replacement(std::string_view key) const {
    std::size_t state = offsetOf(unit(0));
    for (const char c : key) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0) return std::nullopt;
        const std::size_t child = state ^ byte;
        if (child >= m_units.size() || labelOf(unit(child)) != byte) return std::nullopt;
        state = child ^ offsetOf(unit(child));
        if (!hasLeaf(unit(child))) continue;
        const std::string_view rest = std::string_view(m_strings).substr(valueOf(unit(state)));
        return rest.substr(0, rest.find('\0'));
    }
    return std::nullopt;
}

void Charsmap::append(Normalised& out, std::string_view part, bool oneCharacter) {
    if (out.text.empty() && !part.empty())
        out.fromStart = oneCharacter ? part.size() : characterAt(part, 0).bytes;
    out.text += part;
}

Normalised Charsmap::normalise(std::string_view text) const {
    Normalised out;
    out.text.reserve(text.size() + text.size() / 8);
    const auto isAscii = [text](std::size_t i) { return static_cast<signed char>(text[i]) >= 0; };
    for (std::size_t position = 0; position < text.size();) {
        // Two ASCII characters never share a cluster, except CR LF.
        if (isAscii(position) && text[position] != '\r' &&
            (position + 1 == text.size() || isAscii(position + 1))) {
            const auto& mapped = m_ascii[static_cast<unsigned char>(text[position])];
            append(out, mapped ? *mapped : text.substr(position, 1), true);
            ++position;
            continue;
        }
        const std::size_t end = clusterEnd(text, position);
        const std::string_view cluster = text.substr(position, end - position);
        if (cluster.size() < lookedUpWhole) {
            if (const auto mapped = replacement(cluster)) {
                append(out, *mapped, characterAt(cluster, 0).bytes == cluster.size());
                position = end;
                continue;
            }
        }
        while (position < end) {
            const std::string_view one = text.substr(position, characterAt(text, position).bytes);
            const auto mapped = replacement(one);
            append(out, mapped ? *mapped : one, true);
            position += one.size();
        }
    }
    return out;
}

}  // namespace rankscope::text
