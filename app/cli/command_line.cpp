// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/nearest_words.h"

namespace rankscope::cli {

namespace {

constexpr Command commands[] = {
    {"inspect", "Lists a checkpoint's weight matrices; reads headers only", declareInspect},
    {"spectrum", "Computes singular values and what follows from them", declareSpectrum},
    {"curve", "Prints the approximation error against rank", declareCurve},
    {"compare", "Shows where two checkpoints differ, matrix by matrix", declareCompare},
    {"plan", "Decides ranks and counts parameters; changes nothing", declarePlan},
    {"calibrate", "Measures a model's layer inputs on dialogues, for methods that look at data",
     declareCalibrate},
    {"compress", "Compresses, saves, reads back and checks", declareCompress},
    {"pareto", "Measures loss against parameters for methods, allocations and budgets",
     declarePareto},
    {"random-vectors", "Compares original and compressed layers on random vectors",
     declareRandomVectors},
    {"generate", "Summarises a text or a file of them", declareGenerate},
    {"evaluate", "Measures loss and ROUGE of checkpoints side by side", declareEvaluate},
    {"tokenize", "Prints the token ids of a text as the model reads it", declareTokenize},
    {"rouge", "Scores texts by ROUGE, one JSON string a line", declareRouge},
    {"report", "Tells the whole story of one checkpoint as a folder of files", declareReport},
    {"doctor", "Shows versions, LibTorch, BLAS, GPUs, caches and what is missing", declareDoctor},
};

const Option seedOption = {"seed", "Seed", "Seed of all random numbers", "0", 0, {}, "", {}};

std::string range(const Option& option) {
    if (option.minimum && option.maximum)
        return fmt::format("between {} and {}", *option.minimum, *option.maximum);
    return option.minimum ? fmt::format("at least {}", *option.minimum)
                          : fmt::format("at most {}", *option.maximum);
}

/// CLI11 takes an empty answer for "fine". Written for text, since its own range check lets NaN
/// through and its number parser accepts what is no decimal number.
std::string checkNumber(const Option& option, bool whole, const std::string& text) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [last, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc() || last != end || !std::isfinite(value) ||
        (whole && value != std::floor(value)))
        return fmt::format("'{}' is no {}number", printable(text), whole ? "whole " : "");
    if ((option.minimum && value < *option.minimum) || (option.maximum && value > *option.maximum))
        return fmt::format("{} is outside the permitted range, {}", printable(text), range(option));
    return {};
}

/// "cuda:1"; which numbers there are is known to the backend alone.
bool isNumberedGpu(std::string_view text) {
    constexpr std::string_view start = "cuda:";
    return text.starts_with(start) && text.size() > start.size() &&
           text.find_first_not_of("0123456789", start.size()) == std::string_view::npos;
}

// CLI11 keeps no list of permitted words, but a name for each check: the words are kept there.
constexpr char choiceMark = '|', listMark = ',';

std::string offered(std::span<const std::string_view> words, char mark) {
    std::string name;
    for (const std::string_view word : words) (name += word) += mark;
    return name;
}

enum class WrittenAs { Text, WholeNumber, Number };

template <typename T>
CLI::Option* addChecked(CLI::App& app, const Option& option, T& value, WrittenAs form) {
    std::string help(option.help);
    if (!option.choices.empty()) {
        if (help.ends_with('.')) help.pop_back();
        help += fmt::format(": {}", fmt::join(option.choices, " | "));
    }
    if (!option.defaultText.empty()) help += fmt::format(" (default: {})", option.defaultText);
    CLI::Option* added = app.add_option("--" + std::string(option.name), value, help);
    added->type_name(form == WrittenAs::Text ? "TEXT" : form == WrittenAs::WholeNumber ? "N" : "X");
    if (form != WrittenAs::Text) {
        const bool whole = form == WrittenAs::WholeNumber;
        added->check(
            [option, whole](const std::string& text) { return checkNumber(option, whole, text); });
    } else if (!option.choices.empty()) {
        added->check(
            [option](const std::string& text) {
                if (std::ranges::find(option.choices, text) != option.choices.end() ||
                    (option.name == backend::deviceOption().name && isNumberedGpu(text)))
                    return std::string();
                return fmt::format("'{}' is none of {}{}", printable(text),
                                   fmt::join(option.choices, ", "),
                                   didYouMean(text, option.choices));
            },
            "", offered(option.choices, choiceMark));
    }
    return added;
}

}  // namespace

std::span<const Command> commandTable() { return commands; }

void addCommonOptions(CLI::App& app, CommonOptions& options) {
    const char* group = "Common options";
    CLI::Option* json =
        app.add_flag("--json", options.json, "Print one JSON document and nothing else");
    json->group(group);
    app.add_flag("--events", options.events, "Print one JSON object a line while working")
        ->group(group)
        ->excludes(json);
    app.add_flag("--quiet", options.quiet, "Print no progress and no warnings")->group(group);
    addOption(app, backend::deviceOption(), options.device)->group(group);
    addOption(app, backend::threadsOption(), options.threads)->group(group);
    addOption(app, seedOption, options.seed)->group(group);
}

CLI::Option* addOption(CLI::App& app, const Option& option, std::string& value) {
    return addChecked(app, option, value, WrittenAs::Text);
}

CLI::Option* addOption(CLI::App& app, const Option& option, std::int64_t& value) {
    return addChecked(app, option, value, WrittenAs::WholeNumber);
}

CLI::Option* addOption(CLI::App& app, const Option& option, int& value) {
    return addChecked(app, option, value, WrittenAs::WholeNumber);
}

CLI::Option* addOption(CLI::App& app, const Option& option, std::uint64_t& value) {
    return addChecked(app, option, value, WrittenAs::WholeNumber);
}

CLI::Option* addOption(CLI::App& app, const Option& option, std::optional<double>& value) {
    return addChecked(app, option, value, WrittenAs::Number);
}

void offerWords(CLI::Option& option, std::span<const std::string_view> words, bool list) {
    option.check([](const std::string&) { return std::string(); }, "",
                 offered(words, list ? listMark : choiceMark));
}

OfferedWords offeredWords(CLI::Option& option) {
    OfferedWords result;
    std::string name;
    try {
        name = option.get_validator()->get_name();
    } catch (const CLI::OptionNotFound&) {  // no check
        return result;
    }
    if (name.empty()) return result;
    result.list = name.back() == listMark;
    for (std::size_t begin = 0; begin < name.size();) {
        const std::size_t end = name.find(name.back(), begin);
        result.words.push_back(name.substr(begin, end - begin));
        begin = end + 1;
    }
    return result;
}

const Option& findOption(std::span<const Option> table, std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [name](const Option& option) { return option.name == name; });
    assert(found != table.end());
    return *found;
}

backend::Compute loadCompute(const Context& context) {
    const backend::Backend& backend = backend::loadBackend({.threads = context.options.threads});
    return {backend, backend.chooseDevice(context.options.device), context.options.threads};
}

std::string shellQuoted(std::span<const char* const> words) {
    std::string line;
    for (const std::string_view word : words) {
        if (!line.empty()) line += ' ';
        const bool plain =
            !word.empty() && word.find_first_not_of(
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                 "UVWXYZ0123456789_-+=./:,@%") == std::string_view::npos;
        if (plain) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    return line;
}

}  // namespace rankscope::cli
