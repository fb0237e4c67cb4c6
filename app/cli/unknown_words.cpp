// SPDX-License-Identifier: Apache-2.0
#include "app/cli/unknown_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/nearest_words.h"

namespace rankscope::cli {

namespace {

constexpr std::string_view endOfOptions = "--";

bool looksLikeOption(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

std::string_view withoutValue(std::string_view word) { return word.substr(0, word.find('=')); }

/// "rank" of "--rank=3" and of "-rank".
std::string_view bareName(std::string_view word) {
    word = withoutValue(word);
    return word.substr(std::min(word.find_first_not_of('-'), word.size()));
}

std::vector<std::string_view> optionNames(const CLI::App& app) {
    std::vector<std::string_view> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back(name);
    return names;
}

std::string noCommand(const CLI::App& app, std::string_view word) {
    std::vector<std::string_view> names;
    for (const CLI::App* command : app.get_subcommands(nullptr))
        names.push_back(command->get_name());
    return fmt::format("{} is no command{}", printable(word), didYouMean(word, names));
}

std::string noOption(const CLI::App& command, std::string_view word) {
    return fmt::format("{} has no option {}{}", command.get_name(), printable(withoutValue(word)),
                       didYouMean(bareName(word), optionNames(command), "--"));
}

/// An option before the command: one of its own, or one that commands have.
std::string noOptionOfProgram(const CLI::App& app, std::string_view word) {
    const auto knows = [&](const CLI::App* command) {
        return std::ranges::count(optionNames(*command), bareName(word)) > 0;
    };
    if (!std::ranges::any_of(app.get_subcommands(nullptr), knows)) return noOption(app, word);
    return fmt::format("{} belongs after the command", printable(withoutValue(word)));
}

std::string leftOver(const CLI::App& command, std::string_view word) {
    std::vector<std::string> taken;
    for (const CLI::Option* option : command.get_options())
        if (option->get_positional()) taken.push_back(option->get_type_name());
    if (taken.empty()) taken.emplace_back("nothing but options");
    return fmt::format("{} is left over: {} takes {}", printable(word), command.get_name(),
                       fmt::join(taken, " "));
}

}  // namespace

std::optional<std::string> unknownWord(const CLI::App& app, std::span<const char* const> words) {
    const auto isLeft = [](const std::vector<std::string>& left, std::string_view word) {
        return word != endOfOptions && std::ranges::find(left, word) != left.end();
    };
    const std::vector<CLI::App*> chosen = app.get_subcommands();
    const std::vector<std::string> left = app.remaining();
    for (const std::string_view word : words) {
        if (!isLeft(left, word)) continue;
        if (looksLikeOption(word)) return noOptionOfProgram(app, word);
        if (chosen.empty()) return noCommand(app, word);
    }
    if (chosen.empty()) return std::nullopt;
    const CLI::App& command = *chosen.front();
    const std::vector<std::string> leftOfCommand = command.remaining();
    for (const std::string_view word : words)
        if (looksLikeOption(word) && isLeft(leftOfCommand, word)) return noOption(command, word);
    for (const std::string_view word : words)
        if (isLeft(leftOfCommand, word)) return leftOver(command, word);
    return std::nullopt;
}

}  // namespace rankscope::cli
