// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/error.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

constexpr std::size_t pathsShown = 20;

/// A parsed file name: "test-00000-of-00002.parquet" is test, parquet and 2 parts.
struct FileName {
    std::string stem;
    std::string ending;
    std::size_t parts = 0;
};

bool isDigits(std::string_view text) {
    return !text.empty() && text.size() < 9 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

FileName takeApart(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    FileName result{std::string(name.substr(0, dot)), {}, 0};
    if (dot != std::string_view::npos) result.ending = name.substr(dot + 1);
    const std::size_t of = result.stem.rfind("-of-");
    if (of == std::string::npos) return result;
    const std::size_t number = result.stem.rfind('-', of - 1);
    if (of == 0 || number == std::string::npos) return result;
    const std::string count = result.stem.substr(of + 4);
    if (!isDigits(count) || !isDigits(result.stem.substr(number + 1, of - number - 1)))
        return result;
    result.parts = std::stoul(count);
    result.stem.resize(number);
    return result;
}

bool isDataEnding(std::string_view ending) {
    constexpr std::array<std::string_view, 7> endings{"json",  "jsonl",   "ndjson", "csv",
                                                      "arrow", "parquet", "7z"};
    return std::ranges::find(endings, ending) != endings.end();
}

/// True if one of the words in `stem` is `name`, e.g. test in samsum-test and dialogsum.test.
bool hasWord(std::string_view stem, std::string_view name) {
    const auto isWordPart = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    for (std::size_t at = stem.find(name); at != std::string_view::npos;
         at = stem.find(name, at + 1)) {
        const std::size_t behind = at + name.size();
        if ((at == 0 || !isWordPart(stem[at - 1])) &&
            (behind == stem.size() || !isWordPart(stem[behind])))
            return true;
    }
    return false;
}

/// True if the files are all the numbered parts of one.
bool areParts(const std::vector<std::string>& paths, const std::vector<std::size_t>& chosen) {
    const FileName first = takeApart(paths[chosen.front()]);
    return first.parts == chosen.size() && std::ranges::all_of(chosen, [&](std::size_t at) {
               const FileName other = takeApart(paths[at]);
               return other.stem == first.stem && other.ending == first.ending &&
                      other.parts == first.parts;
           });
}

std::string listOf(const std::vector<std::string>& paths) {
    std::string list;
    for (std::size_t i = 0; i < std::min(paths.size(), pathsShown); ++i)
        list += fmt::format("{}{}", i == 0 ? "" : ", ", printable(paths[i]));
    if (paths.size() > pathsShown) list += fmt::format(" and {} more", paths.size() - pathsShown);
    return list.empty() ? "nothing" : list;
}

}  // namespace

std::vector<std::string> namesOfSplit(std::string_view split) {
    std::vector<std::string> names{std::string(split)};
    for (const std::vector<std::string>& known :
         {std::vector<std::string>{"validation", "val", "dev", "valid"}, {"train", "training"}}) {
        if (std::ranges::find(known, split) == known.end()) continue;
        for (const std::string& name : known)
            if (name != split) names.push_back(name);
    }
    return names;
}

std::vector<std::size_t> filesOfSplit(const std::vector<std::string>& paths, std::string_view split,
                                      std::string_view name) {
    std::vector<std::size_t> exact;
    std::vector<std::size_t> similar;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const FileName file = takeApart(paths[i]);
        if (!isDataEnding(file.ending)) continue;
        const auto names = namesOfSplit(split);
        if (std::ranges::find(names, file.stem) != names.end())
            exact.push_back(i);
        else if (std::ranges::any_of(names, [&](const auto& n) { return hasWord(file.stem, n); }))
            similar.push_back(i);
    }
    std::vector<std::size_t>& chosen = exact.empty() ? similar : exact;
    if (chosen.empty())
        throw Error(fmt::format("{} has no file for the split \"{}\" (such as {}.json); it holds: "
                                "{}. Choose another with --split.",
                                name, printable(split), printable(split), listOf(paths)),
                    std::string(name));
    std::ranges::sort(chosen, {}, [&](std::size_t at) { return paths[at]; });
    if (chosen.size() == 1 && takeApart(paths[chosen[0]]).parts <= 1) return chosen;
    if (areParts(paths, chosen)) return chosen;
    std::vector<std::string> several;
    for (const std::size_t at : chosen) several.push_back(paths[at]);
    throw Error(fmt::format("{} has several files for the split \"{}\", or not all parts of one: "
                            "{}. Name the one file to read.",
                            name, printable(split), listOf(several)),
                std::string(name));
}

}  // namespace rankscope::text
