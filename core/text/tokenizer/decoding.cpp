// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/decoding.h"

#include <array>
#include <utility>

namespace rankscope::text {

namespace {

void replaceAll(std::string& text, std::string_view from, std::string_view to) {
    std::size_t found = text.find(from);
    if (found == std::string::npos) return;
    std::string result;
    std::size_t position = 0;
    for (; found != std::string::npos; found = text.find(from, position)) {
        result.append(text, position, found - position);
        result += to;
        position = found + from.size();
    }
    result.append(text, position);
    text = std::move(result);
}

}  // namespace

std::string joinPieces(const std::vector<std::string_view>& pieces, const Decoder& decoder) {
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        std::string_view rest = pieces[i];
        while (!rest.empty()) {
            const std::size_t mark = rest.find(decoder.mark);
            text += rest.substr(0, mark);
            if (mark == std::string_view::npos) break;
            if (i > 0 || !decoder.dropFirstMark) text += ' ';
            rest.remove_prefix(mark + decoder.mark.size());
        }
    }
    return text;
}

std::string cleanedUp(std::string text) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> rules = {{
        {" .", "."},
        {" ?", "?"},
        {" !", "!"},
        {" ,", ","},
        {" ' ", "'"},
        {" n't", "n't"},
        {" 'm", "'m"},
        {" 's", "'s"},
        {" 've", "'ve"},
        {" 're", "'re"},
    }};
    for (const auto& [from, to] : rules) replaceAll(text, from, to);
    return text;
}

}  // namespace rankscope::text
