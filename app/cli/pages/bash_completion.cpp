// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "app/cli/pages/completions.h"

namespace rankscope::cli {

namespace {

// @ stands for the functions' prefix. Names of files never reach compgen -W, which expands them as
// a command line would be.
constexpr std::string_view bashFunctions = R"(
PREFIX_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

PREFIX_list() {  # completes the last word of a comma list by those not yet in it
    local given= word rest=
    [[ $current != *,* ]] || given=${current%,*},
    for word in $1; do
        [[ ,$given == *,"$word",* ]] || rest+=" $word"
    done
    compopt -o nospace 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -P "$given" -W "$rest" -- "${current##*,}")
}

PREFIX_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

PREFIX_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
}

PREFIX_checkpoints() {  # folders, weights files, the demo and the models in the Hub cache
    local hub=${HF_HOME:+$HF_HOME/hub} folder id
    hub=${HUGGINGFACE_HUB_CACHE:-${hub:-${XDG_CACHE_HOME:-$HOME/.cache}/huggingface/hub}}
    hub=${HF_HUB_CACHE:-$hub}
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$current"; compgen -f -X '!*.safetensors' -- "$current")
    for folder in demo "$hub"/models--*/; do
        [[ $folder != *'*/' ]] || continue
        id=${folder##*/models--}
        id=${id%/}
        id=${id/--//}
        [[ $id != "$current"* ]] || COMPREPLY+=("$id")
    done
}
)";

constexpr std::string_view entryPoint = R"(
PREFIX() {
    local current=${COMP_WORDS[COMP_CWORD]} before= command= option= options= valued= word i
    local commands='COMMANDS'
    local -i given=0 most=0
    COMPREPLY=()
    PREFIX_table
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = && -n $option ]]; then
            continue  # bash parts --option=value at the sign
        elif [[ -n $option ]]; then
            option=
        elif [[ $word == -* ]]; then
            [[ " $valued " != *" $word "* ]] || option=$word
        elif [[ -z $command && -n $commands ]]; then
            command=$word
            PREFIX_table
        else
            given+=1
        fi
    done
    if [[ -z $option && $current == --*=* ]]; then  # = is not in COMP_WORDBREAKS
        option=${current%%=*}
        before=$option=
        current=${current#*=}
    fi
    [[ $current != = || -z $option ]] || current=
    if [[ -n $option ]]; then
        PREFIX_value
        [[ -z $before ]] || COMPREPLY=("${COMPREPLY[@]/#/$before}")
    elif [[ $current == -* ]]; then
        PREFIX_words "$options"
    elif [[ -z $command && -n $commands ]]; then
        PREFIX_words "$commands"
    elif ((given < most)); then
        PREFIX_checkpoints
    else
        PREFIX_words "$options"
    fi
}

complete -F PREFIX PROGRAM
)";

constexpr int unlimited = 1000;

/// Nothing for a value that cannot be guessed.
std::string action(const OptionDescription& option) {
    switch (option.kind) {
        case ValueKind::Words:
            return fmt::format("PREFIX_{} '{}'", option.offered.list ? "list" : "words",
                               fmt::join(option.offered.words, " "));
        case ValueKind::File:
            return "PREFIX_files";
        case ValueKind::Folder:
            return "PREFIX_folders";
        case ValueKind::Checkpoint:
            return "PREFIX_checkpoints";
        case ValueKind::None:
        case ValueKind::Text:
            break;
    }
    return {};
}

/// The options of a command, those that take a value, and how many arguments it takes.
std::string table(std::span<const CommandDescription> commands) {
    std::string text = "\nPREFIX_table() {\n    case $command in\n";
    for (const CommandDescription& command : commands) {
        std::vector<std::string> names, valued;
        for (const OptionDescription& option : command.options)
            for (const std::string& name : spellings(option)) {
                names.push_back(name);
                if (option.kind != ValueKind::None) valued.push_back(name);
            }
        int most = 0;
        for (const OptionDescription& argument : command.arguments)
            most += argument.many ? unlimited : 1;
        text += fmt::format(
            "        '{}')\n            options='{}'\n            valued='{}'\n"
            "            most={}\n            ;;\n",
            command.name, fmt::join(names, " "), fmt::join(valued, " "), most);
    }
    return text + "        *) options= valued= most=0 ;;\n    esac\n}\n";
}

/// "command --option" if other commands have another action for it, "* --option" otherwise.
std::string pattern(const CommandDescription& command, const std::string& name,
                    std::span<const CommandDescription> commands, const std::string& does) {
    for (const CommandDescription& other : commands)
        for (const OptionDescription& option : other.options)
            if (std::ranges::count(spellings(option), name) > 0 && action(option) != does)
                return fmt::format("'{} {}'", command.name, name);
    return fmt::format("*' {}'", name);
}

/// Options of one action stand together.
std::string values(std::span<const CommandDescription> commands) {
    std::vector<std::pair<std::string, std::vector<std::string>>> actions;
    for (const CommandDescription& command : commands)
        for (const OptionDescription& option : command.options) {
            const std::string does = action(option);
            if (does.empty()) continue;
            auto found =
                std::ranges::find(actions, does, [](const auto& one) { return one.first; });
            if (found == actions.end()) found = actions.insert(actions.end(), {does, {}});
            for (const std::string& name : spellings(option)) {
                const std::string one = pattern(command, name, commands, does);
                if (std::ranges::count(found->second, one) == 0) found->second.push_back(one);
            }
        }
    std::string text = "\nPREFIX_value() {\n    case \"$command $option\" in\n";
    for (const auto& [does, patterns] : actions)
        text += fmt::format("        {}) {} ;;\n", fmt::join(patterns, " | "), does);
    return text + "    esac\n}\n";
}

}  // namespace

std::string bashCompletion(std::string_view program, std::span<const CommandDescription> commands) {
    std::vector<std::string_view> names;
    for (const CommandDescription& command : commands.subspan(1)) names.push_back(command.name);
    std::string text = std::string(bashFunctions) + table(commands) + values(commands);
    text += replaced(entryPoint, "COMMANDS", fmt::format("{}", fmt::join(names, " ")));
    text = replaced(text, "PROGRAM", program);
    text = replaced(text, "PREFIX", fmt::format("_{}", identifierOf(program)));
    return completionHead("bash", program) + text;
}

}  // namespace rankscope::cli
