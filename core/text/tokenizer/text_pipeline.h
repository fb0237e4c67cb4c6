// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/text/tokenizer/charsmap.h"

namespace rankscope::text {

/// Removes white space from the ends.
struct Strip {
    bool left = true, right = true;
};

/// Replaces text by text.
struct Replace {
    std::string pattern = {};  ///< literal
    std::string content = {};
    bool runsOfSpaces = false;  ///< instead of `pattern`: two or more spaces
};

using NormaliserStep = std::variant<std::shared_ptr<const Charsmap>, Strip, Replace>;

/// The steps one after the other over well-formed UTF-8. Without steps the text unchanged.
Normalised normalise(const std::vector<NormaliserStep>& steps, std::string_view text);

enum class Prepend {
    Always,
    First,  ///< only if the word begins the whole text
    Never,
};

/// Spaces become a visible mark that begins a word.
struct Metaspace {
    std::string mark = "\u2581";
    Prepend prepend = Prepend::Always;
    bool split = true;  ///< into words, each beginning with a mark
};

/// How normalised text is split into words.
struct PreTokenizer {
    bool splitWhiteSpace = false;  ///< at white space first, which is dropped
    std::optional<Metaspace> metaspace;
};

/// Calls `word(std::string_view)` for each word of normalised text. `startsText`: the text begins
/// the whole text.
template <typename Visit>
void forEachWord(const PreTokenizer& how, const Normalised& text, bool startsText, Visit word);

/// One part of text made ready for Metaspace's split: marks for spaces, one in front if wanted.
std::string marked(const Metaspace& how, std::string_view text, bool startsText);

/// The next part between white space at or after `position`, which moves past it; empty at the end.
std::string_view nextBetweenWhiteSpace(std::string_view text, std::size_t& position);

template <typename Visit>
void forEachWord(const PreTokenizer& how, const Normalised& text, bool startsText, Visit word) {
    const auto part = [&](std::string_view plain, bool first) {
        if (!how.metaspace) return word(plain);
        const std::string ready = marked(*how.metaspace, plain, first);
        if (!how.metaspace->split) return word(std::string_view(ready));
        const std::string_view view = ready;
        for (std::size_t begin = 0; begin < view.size();) {
            const std::size_t end =
                std::min(view.find(how.metaspace->mark, begin + 1), view.size());
            word(view.substr(begin, end - begin));
            begin = end;
        }
    };
    const std::string_view all = text.text;
    if (all.empty()) return;
    if (!how.splitWhiteSpace) return part(all, startsText && text.fromStart > 0);
    std::size_t position = 0;
    for (std::string_view one = nextBetweenWhiteSpace(all, position); !one.empty();
         one = nextBetweenWhiteSpace(all, position))
        part(one, startsText && position - one.size() < text.fromStart);
}

}  // namespace rankscope::text
