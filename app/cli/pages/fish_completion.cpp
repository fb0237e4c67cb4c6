// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli/pages/completions.h"

namespace rankscope::cli {

namespace {

// PREFIX stands for the functions' prefix.
constexpr std::string_view fishFunctions = R"(
function PREFIX_command  # the first word that is no option, if it is among the arguments
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; and continue
        contains -- $word $argv
        return
    end
    test (count $argv) -eq 0
end

function PREFIX_checkpoints  # the demo and the models in the Hub cache
    echo demo
    set -l hub $HF_HUB_CACHE $HUGGINGFACE_HUB_CACHE $HF_HOME/hub $XDG_CACHE_HOME/huggingface/hub ~/.cache/huggingface/hub
    for folder in $hub[1]/models--*/
        string replace -r '.*/models--(.*)/$' '$1' $folder | string replace -- -- /
    end
end
)";

std::string inQuotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

/// The arguments of `complete` that describe a value; nothing for a flag.
std::string value(const OptionDescription& option, const std::string& prefix) {
    switch (option.kind) {
        case ValueKind::Words:
            if (!option.offered.list)
                return fmt::format(" -x -a '{}'", fmt::join(option.offered.words, " "));
            return fmt::format(" -x -a '(__fish_complete_list , \"string split , {}\")'",
                               fmt::join(option.offered.words, ","));
        case ValueKind::File:
            return " -r -F";
        case ValueKind::Folder:
            return " -x -a '(__fish_complete_directories)'";
        case ValueKind::Checkpoint:
            return fmt::format(" -r -F -a '({}_checkpoints)'", prefix);
        case ValueKind::Text:
            return " -x";
        case ValueKind::None:
            break;
    }
    return {};
}

std::string oneCommand(std::string_view program, const CommandDescription& command,
                       const std::string& condition, const std::string& prefix) {
    std::string text;
    const std::string start = fmt::format("complete -c {} -n '{}'", program, condition);
    for (const OptionDescription& option : command.options) {
        text += start;
        for (const std::string& name : spellings(option))
            text += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                           : fmt::format(" -s {}", name.substr(1));
        text += value(option, prefix) + " -d " + inQuotes(option.help) + "\n";
    }
    if (!command.arguments.empty())
        text += fmt::format("{} -F -a '({}_checkpoints)'\n", start, prefix);
    return text;
}

}  // namespace

std::string fishCompletion(std::string_view program, std::span<const CommandDescription> commands) {
    const std::string prefix = fmt::format("__{}", identifierOf(program));
    std::string text = completionHead("fish", program) + replaced(fishFunctions, "PREFIX", prefix);
    text += fmt::format("\ncomplete -c {} -f\n", program);
    const bool alone = commands.size() == 1;
    text += oneCommand(program, commands.front(), alone ? "true" : prefix + "_command", prefix);
    for (const CommandDescription& command : commands.subspan(1))
        text += fmt::format("complete -c {} -n {}_command -a {} -d {}\n", program, prefix,
                            command.name, inQuotes(command.help));
    for (const CommandDescription& command : commands.subspan(1))
        text += fmt::format(
            "\n{}", oneCommand(program, command, fmt::format("{}_command {}", prefix, command.name),
                               prefix));
    return text;
}

}  // namespace rankscope::cli
