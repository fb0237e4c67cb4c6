// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"

#include <algorithm>

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <system_error>

namespace rankscope {

Error::Error(const std::string& sentence, std::string subject, ErrorKind kind)
    : std::runtime_error(sentence), m_subject(std::move(subject)), m_kind(kind) {}

Error::~Error() = default;

Error usageError(const std::string& sentence, std::string subject) {
    return Error(sentence, std::move(subject), ErrorKind::Usage);
}

std::string errnoText(int code) { return std::generic_category().message(code); }

namespace {

/// Decodes one UTF-8 character at `text[at]`; returns its length, 0 if it is not valid.
std::size_t decodeUtf8(std::string_view text, std::size_t at, std::uint32_t& codePoint) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80            ? 1
                               : (lead >> 5U) == 0x6  ? 2
                               : (lead >> 4U) == 0xE  ? 3
                               : (lead >> 3U) == 0x1E ? 4
                                                      : 0;
    if (length == 0 || at + length > text.size()) return 0;
    codePoint = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        if ((next >> 6U) != 0x2) return 0;
        codePoint = (codePoint << 6U) | (next & 0x3FU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (codePoint < smallest[length] || codePoint > 0x10FFFF) return 0;
    if (codePoint >= 0xD800 && codePoint <= 0xDFFF) return 0;
    return length;
}

bool isHiddenCharacter(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (out.size() >= limit) return out + "…";
        std::uint32_t codePoint = 0;
        const std::size_t length = decodeUtf8(text, at, codePoint);
        if (length == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
            ++at;
        } else {
            if (isHiddenCharacter(codePoint))
                out += fmt::format("\\u{:04x}", codePoint);
            else
                out += text.substr(at, length);
            at += length;
        }
    }
    return out;
}

std::string listNames(const std::vector<std::string>& names) {
    constexpr std::size_t most = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
        text += (i == 0 ? "" : ", ") + printable(names[i]);
    if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
    return text;
}

}  // namespace rankscope
