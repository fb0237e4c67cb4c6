// SPDX-License-Identifier: Apache-2.0
#include "app/cli/pages/man_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "app/cli/pages/man_text.h"

namespace rankscope::cli {

namespace {

constexpr std::string_view program = "rankscope-cli", window = "rankscope";

std::string pageOf(const CommandDescription& command) {
    return fmt::format("{}-{}", program, command.name);
}

std::string upperCase(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::string reference(std::string_view page) { return fmt::format("{}(1)", manBold(page)); }

/// The first three lines; `summary` without a full stop.
std::string head(std::string_view name, std::string summary) {
    summary[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(summary[0])));
    return fmt::format(
        ".\\\" Written by rankscope-cli from its option tables.\n"
        ".\\\" SPDX-License-"
        "Identifier: Apache-2.0\n"
        ".TH {} 1 {} \"rankscope {}\" \"Rankscope\"\n.SH NAME\n{} \\- {}\n",
        manText(upperCase(std::string(name))), RANKSCOPE_RELEASE_DATE, RANKSCOPE_VERSION,
        manText(name), manText(summary));
}

std::string shownArgument(const OptionDescription& argument) {
    const std::string_view value = argument.value;
    const bool dots = value.ends_with("...");
    const std::string name =
        manItalic(dots ? value.substr(0, value.size() - 3) : value) + (dots ? "..." : "");
    return argument.required ? name : "[" + name + "]";
}

std::string shownOption(const OptionDescription& option) {
    std::string names;
    for (std::size_t begin = 0; begin < option.name.size();) {
        const std::size_t end = std::min(option.name.find(',', begin), option.name.size());
        names += (begin == 0 ? "" : ", ") + manBold(option.name.substr(begin, end - begin));
        begin = end + 1;
    }
    return option.value.empty() ? names : names + "=" + manItalic(option.value);
}

std::string synopsis(std::string_view words, const CommandDescription& command) {
    std::string line = fmt::format(".SH SYNOPSIS\n{}", manBold(words));
    for (const OptionDescription& argument : command.arguments)
        line += fmt::format(" {}", shownArgument(argument));
    for (const OptionDescription& option : command.options)
        if (option.required) line += fmt::format(" {}", shownOption(option));
    return line + fmt::format(" [{}]...\n", manItalic("OPTION"));
}

std::string entry(const std::string& term, std::string_view help) {
    return fmt::format(".TP\n{}\n{}\n", term, manProse(help));
}

/// The options that must be given with this one, and those that must not.
std::string conditions(const OptionDescription& option) {
    std::string text = option.required ? "Must be given.\n" : "";
    if (!option.needs.empty())
        text += manText(fmt::format("Needs {}.", fmt::join(option.needs, ", "))) + "\n";
    if (!option.excludes.empty())
        text += manText(fmt::format("Not with {}.", fmt::join(option.excludes, ", "))) + "\n";
    return text.empty() ? text : fmt::format(".br\n{}", text);
}

/// Groups in the order in which they first appear.
std::string options(const CommandDescription& command) {
    std::vector<std::string> groups;
    for (const OptionDescription& option : command.options)
        if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
    std::string text = ".SH OPTIONS\n";
    for (const std::string& group : groups) {
        if (group != groups.front()) text += fmt::format(".SS {}\n", manText(group));
        for (const OptionDescription& option : command.options)
            if (option.group == group)
                text += entry(shownOption(option), option.help) + conditions(option);
    }
    return text;
}

std::string arguments(const CommandDescription& command) {
    std::string text = command.arguments.empty() ? "" : ".SH ARGUMENTS\n";
    for (const OptionDescription& argument : command.arguments)
        text += entry(shownArgument(argument), argument.help);
    return text;
}

ManPage commandPage(const CommandDescription& command, const std::vector<std::string>& all) {
    ManPage page{pageOf(command), head(pageOf(command), command.help)};
    page.text += synopsis(fmt::format("{} {}", program, command.name), command);
    page.text += fmt::format(
        ".SH DESCRIPTION\n{}.\n.PP\n{} tells what a checkpoint is, how matrices and ranks are "
        "named, "
        "what is printed and what the exit status means.\n",
        manText(command.help), reference(program));
    page.text += arguments(command) + options(command);
    std::vector<std::string> others = {reference(program)};
    for (const std::string& other : all)
        if (other != page.name) others.push_back(reference(other));
    page.text += fmt::format(".SH SEE ALSO\n{}\n", fmt::join(others, ",\n"));
    return page;
}

ManPage programPage(std::span<const CommandDescription> commands,
                    const std::vector<std::string>& all) {
    const CommandDescription& description = commands.front();
    ManPage page{
        std::string(program),
        head(program, "shows how compressible a Flan-T5 checkpoint is, and compresses it")};
    page.text += fmt::format(".SH SYNOPSIS\n{} {} [{}]...\n", manBold(program),
                             manItalic("COMMAND"), manItalic("OPTION"));
    page.text +=
        fmt::format(".SH DESCRIPTION\n{}\n{}", manProse(description.help), manIntroduction());
    page.text += ".SH COMMANDS\nEach has a manual page of its own.\n";
    for (const CommandDescription& command : commands.subspan(1))
        page.text += entry(fmt::format("{}", reference(pageOf(command))), command.help + ".");
    page.text += options(description) + manConventions();
    std::vector<std::string> others = {reference(window)};
    for (const std::string& other : all) others.push_back(reference(other));
    page.text += fmt::format(".SH SEE ALSO\n{}\n", fmt::join(others, ",\n"));
    return page;
}

}  // namespace

std::vector<ManPage> commandLinePages(std::span<const CommandDescription> commands) {
    std::vector<std::string> all;
    for (const CommandDescription& command : commands.subspan(1)) all.push_back(pageOf(command));
    std::vector<ManPage> pages = {programPage(commands, all)};
    for (const CommandDescription& command : commands.subspan(1))
        pages.push_back(commandPage(command, all));
    return pages;
}

ManPage windowPage(const CommandDescription& description) {
    ManPage page{std::string(window),
                 head(window, "workbench for the low-rank compression of Flan-T5 models")};
    page.text += synopsis(window, description);
    page.text += fmt::format(".SH DESCRIPTION\n{}", manWindowDescription());
    page.text += arguments(description) + options(description) + manWindowFiles();
    page.text += fmt::format(".SH SEE ALSO\n{}\n", reference(program));
    return page;
}

}  // namespace rankscope::cli
