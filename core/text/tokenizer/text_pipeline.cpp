// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/text_pipeline.h"

#include <algorithm>
#include <tuple>

#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

void apply(const std::shared_ptr<const Charsmap>& charsmap, Normalised& text) {
    Normalised mapped = charsmap->normalise(text.text);
    mapped.fromStart = text.fromStart == 0 ? 0 : mapped.fromStart;
    text = std::move(mapped);
}

void apply(const Strip& strip, Normalised& text) {
    if (strip.right) text.text.resize(text.text.size() - trailingWhiteSpace(text.text));
    if (strip.left) {
        const std::size_t cut = leadingWhiteSpace(text.text);
        text.text.erase(0, cut);
        text.fromStart -= std::min(text.fromStart, cut);
    }
    text.fromStart = std::min(text.fromStart, text.text.size());
}

/// Begin and length of the next match at or after `position`; npos if there is none.
std::pair<std::size_t, std::size_t> nextMatch(const Replace& replace, std::string_view text,
                                              std::size_t position) {
    if (!replace.runsOfSpaces)
        return {text.find(replace.pattern, position), replace.pattern.size()};
    const std::size_t begin = text.find("  ", position);
    if (begin == std::string_view::npos) return {begin, 0};
    return {begin, std::min(text.find_first_not_of(' ', begin), text.size()) - begin};
}

void apply(const Replace& replace, Normalised& text) {
    const std::string_view before = text.text;
    auto [begin, length] = nextMatch(replace, before, 0);
    if (begin == std::string_view::npos) return;
    if (begin == 0 && text.fromStart > 0) text.fromStart = replace.content.size();
    std::string after;
    after.reserve(before.size());
    std::size_t position = 0;
    while (begin != std::string_view::npos) {
        after += before.substr(position, begin - position);
        after += replace.content;
        position = begin + length;
        std::tie(begin, length) = nextMatch(replace, before, position);
    }
    after += before.substr(position);
    text.text = std::move(after);
}

}  // namespace

Normalised normalise(const std::vector<NormaliserStep>& steps, std::string_view text) {
    Normalised result;
    const auto* charsmap =
        steps.empty() ? nullptr : std::get_if<std::shared_ptr<const Charsmap>>(&steps.front());
    if (charsmap != nullptr) {
        result = (*charsmap)->normalise(text);
    } else {
        result.text = text;
        result.fromStart = text.empty() ? 0 : characterAt(text, 0).bytes;
    }
    for (std::size_t i = charsmap != nullptr ? 1 : 0; i < steps.size(); ++i)
        std::visit([&](const auto& step) { apply(step, result); }, steps[i]);
    return result;
}

std::string marked(const Metaspace& how, std::string_view text, bool startsText) {
    std::string result;
    result.reserve(text.size() + text.size() / 8 + how.mark.size());
    const bool prepend =
        how.prepend == Prepend::Always || (how.prepend == Prepend::First && startsText);
    if (prepend && !text.starts_with(how.mark) && !text.starts_with(' ')) result += how.mark;
    for (const char c : text)
        if (c == ' ')
            result += how.mark;
        else
            result += c;
    return result;
}

std::string_view nextBetweenWhiteSpace(std::string_view text, std::size_t& position) {
    position += leadingWhiteSpace(text.substr(position));
    const std::size_t begin = position;
    while (position < text.size()) {
        const Character character = characterAt(text, position);
        if (isWhiteSpace(character.code)) break;
        position += character.bytes;
    }
    return text.substr(begin, position - begin);
}

}  // namespace rankscope::text
