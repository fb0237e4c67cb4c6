// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli/pages/completions.h"

namespace rankscope::cli {

namespace {

constexpr std::string_view checkpoints = R"(
_PROGRAM_checkpoints() {  # folders, weights files, the demo and the models in the Hub cache
    local hub=${HF_HOME:+$HF_HOME/hub}
    hub=${HUGGINGFACE_HUB_CACHE:-${hub:-${XDG_CACHE_HOME:-$HOME/.cache}/huggingface/hub}}
    hub=${HF_HUB_CACHE:-$hub}
    local -a models=($hub/models--*(N/:t))
    models=(demo ${${models#models--}/--//})
    _alternative 'models:model:compadd -a models' 'files:checkpoint:_files -g "*.safetensors"'
}
)";

/// Inside single quotes, between brackets or after a colon of an _arguments word.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c == '\'')
            out += "'\\''";
        else if (c == '[' || c == ']' || c == ':' || c == '\\')
            (out += '\\') += c;
        else
            out += c;
    return out;
}

std::string action(const OptionDescription& option, std::string_view program) {
    switch (option.kind) {
        case ValueKind::Words:
            return option.offered.list
                       ? fmt::format("_sequence compadd - {}", fmt::join(option.offered.words, " "))
                       : fmt::format("({})", fmt::join(option.offered.words, " "));
        case ValueKind::File:
            return "_files";
        case ValueKind::Folder:
            return "_files -/";
        case ValueKind::Checkpoint:
            return fmt::format("_{}_checkpoints", program);
        case ValueKind::None:
        case ValueKind::Text:
            break;
    }
    return " ";
}

/// The words that tell _arguments of one command's options and arguments, one a line.
std::string specification(const CommandDescription& command, std::string_view program,
                          std::string_view indent) {
    std::string text;
    const auto add = [&](const std::string& word) {
        text += fmt::format(" \\\n{}'{}'", indent, word);
    };
    for (const OptionDescription& option : command.options)
        for (const std::string& name : spellings(option)) {
            std::string word = name;
            if (option.kind != ValueKind::None && name.starts_with("--")) word += '=';
            word += fmt::format("[{}]", escaped(option.help));
            if (option.kind != ValueKind::None)
                word += fmt::format(":{}:{}", escaped(option.value), action(option, program));
            add(word);
        }
    for (const OptionDescription& argument : command.arguments)
        add(fmt::format("{}:{}:{}", argument.many ? "*" : "", escaped(argument.value),
                        action(argument, program)));
    return text + "\n";
}

std::string withCommands(std::string_view program, std::span<const CommandDescription> commands) {
    std::string text = fmt::format(
        "\n_{}() {{\n    local curcontext=$curcontext state line\n"
        "    local -a commands=(\n",
        program);
    for (const CommandDescription& command : commands.subspan(1))
        text += fmt::format("        '{}:{}'\n", command.name, escaped(command.help));
    CommandDescription own = commands.front();
    own.arguments.clear();
    std::string first = specification(own, program, "        ");
    first.pop_back();
    text += fmt::format(
        "    )\n    _arguments -C{} \\\n        '1:COMMAND:->command' \\\n"
        "        '*::ARGUMENT:->argument'\n",
        first);
    text +=
        "    case $state in\n        command) _describe -t commands command commands ;;\n"
        "        argument)\n";
    text += fmt::format(
        "            curcontext=\"${{curcontext%:*:*}}:{}-$line[1]:\"\n"
        "            case $line[1] in\n",
        program);
    for (const CommandDescription& command : commands.subspan(1))
        text += fmt::format(
            "                {})\n                    _arguments -S{}"
            "                    ;;\n",
            command.name, specification(command, program, "                        "));
    return text + "            esac\n            ;;\n    esac\n}\n";
}

}  // namespace

std::string zshCompletion(std::string_view program, std::span<const CommandDescription> commands) {
    std::string text = fmt::format("#compdef {}\n", program) + completionHead("zsh", program);
    text += replaced(checkpoints, "PROGRAM", program);
    text += commands.size() > 1 ? withCommands(program, commands)
                                : fmt::format("\n_{}() {{\n    _arguments -S{}}}\n", program,
                                              specification(commands.front(), program, "        "));
    return text + fmt::format("\n_{} \"$@\"\n", program);
}

}  // namespace rankscope::cli
