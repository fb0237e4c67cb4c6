// SPDX-License-Identifier: Apache-2.0
#include "tests/core/text/tokenizer_files.h"

#include <bit>

namespace rankscope::text {

std::string varintBytes(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>((value & 0x7FU) | 0x80U);
    return bytes + static_cast<char>(value);
}

std::string varintField(std::uint32_t number, std::uint64_t value) {
    return varintBytes(number << 3U) + varintBytes(value);
}

std::string bytesField(std::uint32_t number, std::string_view bytes) {
    return (varintBytes(number << 3U | 2U) + varintBytes(bytes.size())).append(bytes);
}

std::string spieceBytes(const TestModel& model) {
    std::string bytes;
    for (const TestPiece& piece : model.pieces) {
        std::string inner = bytesField(1, piece.text) + varintBytes(2U << 3U | 5U);
        const auto bits = std::bit_cast<std::uint32_t>(piece.score);
        for (unsigned i = 0; i < 4; ++i) inner += static_cast<char>(bits >> (8 * i) & 0xFFU);
        bytes += bytesField(1, inner + varintField(3, static_cast<std::uint64_t>(piece.type)));
    }
    bytes += bytesField(2, varintField(3, static_cast<std::uint64_t>(model.modelType)) +
                               varintField(35, model.byteFallback ? 1 : 0) +
                               varintField(40, static_cast<std::uint64_t>(model.unknown)) +
                               varintField(42, static_cast<std::uint64_t>(model.eos)));
    return bytes + bytesField(3, bytesField(2, model.charsmap));
}

Json tokenizerDocument() {
    return Json::parse(R"({"added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "</s>"}}],
            "special_tokens": {"</s>": {"ids": [1]}}},
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
        "model": {"type": "Unigram", "unk_id": 2, "vocab": [["<pad>", 0], ["</s>", 0], ["<unk>", 0],
            ["▁", -2.0], ["a", -3.0], ["b", -3.5], ["ab", -5.0], ["▁a", -4.0]]}})");
}

}  // namespace rankscope::text
