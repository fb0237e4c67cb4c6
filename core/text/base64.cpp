// SPDX-License-Identifier: Apache-2.0
#include "core/text/base64.h"

#include <array>
#include <cstdint>

namespace rankscope::text {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> digits() {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}

}  // namespace

std::optional<std::string> decodeBase64(std::string_view text) {
    static constexpr auto digitOf = digits();
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto digit = digitOf[static_cast<unsigned char>(c)];
        if (digit < 0) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes += static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU);
    }
    // Leftover bits belong to no byte and must be zero.
    if (held > 0 && (bits & ((1U << static_cast<unsigned>(held)) - 1U)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace rankscope::text
